import { Hono } from 'hono'
import { headOf } from '#core/directory.ts'
import { chainUpTo } from '#service/build-receipt.ts'
import type { SubmitActPorts } from '#service/submit-act.ts'
import { keepFor } from '#http/headers.ts'
import { problem } from '#http/problem.ts'

/** A client that has just changed the directory must soon see its change. */
const KEEP_SECONDS = 1

/** `GET /api/directory`: the governance chain, which everybody may check. */
export function directoryRoutes(
  ports: Pick<SubmitActPorts, 'directory' | 'genesis' | 'origin' | 'storage'>,
): Hono {
  const app = new Hono()
  app.get('/api/directory', async (c) => {
    const after = c.req.query('after') ?? '0'
    if (!/^(?:0|[1-9][0-9]{0,8})$/.test(after)) {
      return problem(c, { reason: 'request-malformed', detail: 'after is a number of links' })
    }
    const directory = await ports.directory.current()
    const head = headOf(directory)
    const chain = directory.chain.length === 0 ? [] : await chainUpTo(ports, head)
    keepFor(c, KEEP_SECONDS)
    const { genesis, origin } = ports
    return c.json({ chain: chain.slice(Number(after)), genesis, head, origin })
  })
  return app
}
