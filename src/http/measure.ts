import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { Metrics } from '#ports/metrics.ts'

/**
 * Addresses that customers use, and companies seldom: how often and how fast they are answered is not counted, since whoever collects the
 * numbers of each minute would learn when customers come.
 */
const CUSTOMERS =
  /^\/api\/(?:bundles\/:root\/lines|challenges|checks|fakes|mailboxes|session)(?:\/|$)/
/** The regular expression of a parameter, which may hold braces of its own. */
const PATTERN = /\{(?:[^{}]|\{[^{}]*\})*\}/g

const unmeasured = new WeakSet<Request>()

/** Leaves a request uncounted, because a customer made it. */
export function leaveUnmeasured(c: Context): void {
  unmeasured.add(c.req.raw)
}

/** Counts what is answered, by the pattern of its route. */
export function measure(metrics: Metrics): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now()
    await next()
    const route = routeOf(c)
    if (CUSTOMERS.test(route) || unmeasured.has(c.req.raw)) return
    const seconds = (performance.now() - start) / 1000
    metrics.requestAnswered({ method: c.req.method, route, status: c.res.status, seconds })
  }
}

/** The pattern of the route that answered, without the regular expressions of its parameters; `none` where there is none. */
function routeOf(c: Context): string {
  const path = (matchedRoutes(c).at(-1)?.path ?? '').replaceAll(PATTERN, '')
  return path.includes('*') ? 'none' : path
}
