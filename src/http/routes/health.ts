import { Hono } from 'hono'
import type { Storage } from '#ports/storage.ts'
import { plainProblem } from '#http/problem.ts'

/** `/healthz` and `/readyz`: whether the process is up, and whether it can serve. */
export function healthRoutes({ storage }: { readonly storage: Storage }): Hono {
  const app = new Hono()
  app.get('/healthz', (c) => c.json({ status: 'up' }))
  // A log with leaves and no checkpoint has a signer that does not sign; one that lags shows in the two numbers.
  app.get('/readyz', async (c) => {
    const [head, checkpoint] = await Promise.all([storage.logHead(), storage.latestCheckpoint()])
    if (head !== undefined && checkpoint === undefined) return plainProblem(c, 'unavailable')
    return c.json({ leaves: head?.size ?? 0, signed: checkpoint?.size ?? 0, status: 'ready' })
  })
  return app
}
