import { Hono } from 'hono'
import { checkReady, type Readiness, type ReadyPorts } from '#service/check-ready.ts'
import { stopped } from '#http/problem.ts'

/** What looking at everything has found stands so long: probes have no budget, and must not cost more than one a second does. */
const STANDS_SECONDS = 1

/** `/healthz` and `/readyz`: whether the process is alive, and whether it can serve; if not, the problem names the part. */
export function healthRoutes(ports: ReadyPorts): Hono {
  const app = new Hono()
  const look = oncePerSecond(ports)
  app.get('/healthz', (c) => c.json({ status: 'up' }))
  app.get('/readyz', async (c) => {
    const { leaves, missing, signed } = await look()
    return missing === undefined ? c.json({ leaves, signed, status: 'ready' }) : stopped(c, missing)
  })
  return app
}

/** Asks at most once in a second; that the process ends is told at once. */
function oncePerSecond(ports: ReadyPorts): () => Promise<Readiness> {
  let last: { readonly at: number; readonly found: Promise<Readiness> } | undefined
  return async () => {
    if (ports.isDraining?.() === true) return await checkReady(ports)
    const now = ports.clock.now()
    const isStale = last === undefined || now < last.at || now - last.at >= STANDS_SECONDS
    if (last === undefined || isStale) last = { at: now, found: checkReady(ports) }
    return await last.found
  }
}
