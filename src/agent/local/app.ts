import { Hono } from 'hono'
import type { Agent } from '#agent/agent.ts'
import { openBanners } from '#agent/banner.ts'
import { problem } from './answers.ts'
import { type LocalClient, openAuthenticate } from './authenticate.ts'
import { bannerRoutes } from './banner-routes.ts'
import { openGate } from './gate.ts'
import { noticeRoutes } from './notice-routes.ts'

/** Names by which only this machine reaches itself: a page in somebody's browser that has its own name lead here is refused. */
const OWN_HOSTS = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/

/** The interface to the company's own systems, on this machine alone. */
export function createLocalApp(
  agent: Agent,
  options: { readonly clients: readonly LocalClient[]; readonly isDraining: () => boolean },
): Hono {
  const app = new Hono()
  const gate = openGate(openAuthenticate(options.clients, agent.now))
  app.use(async (c, next) => {
    if (!OWN_HOSTS.test(c.req.header('host') ?? '')) return problem(c, 'not-allowed')
    await next()
    c.header('cache-control', 'no-store')
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    c.header('x-content-type-options', 'nosniff')
    c.header('referrer-policy', 'no-referrer')
    return undefined
  })
  app.get('/healthz', (c) => c.text('ok\n', options.isDraining() ? 503 : 200))
  app.route('/local', noticeRoutes(agent, gate))
  app.route('/local', bannerRoutes(openBanners(agent), gate))
  app.notFound((c) => problem(c, 'not-found'))
  app.onError((error, c) => {
    if (error.name === 'Unavailable') {
      agent.events.unavailable({ operation: 'local' })
      return problem(c, 'unavailable')
    }
    agent.events.failed({ operation: 'local', error: error.name })
    return problem(c, 'failed')
  })
  return app
}
