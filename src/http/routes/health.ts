import { Hono } from 'hono'
import { checkReady, type ReadyPorts } from '#service/check-ready.ts'
import { unready } from '#http/problem.ts'

/** `/healthz` and `/readyz`: whether the process is alive, and whether it can serve; if not, the problem names the part. */
export function healthRoutes(ports: ReadyPorts): Hono {
  const app = new Hono()
  app.get('/healthz', (c) => c.json({ status: 'up' }))
  app.get('/readyz', async (c) => {
    const { leaves, missing, signed } = await checkReady(ports)
    return missing === undefined ? c.json({ leaves, signed, status: 'ready' }) : unready(c, missing)
  })
  return app
}
