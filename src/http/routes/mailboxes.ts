import { Hono } from 'hono'
import { readLineList, readMailbox, type ReadMailboxPorts } from '#service/read-mailbox.ts'
import { problem } from '#http/problem.ts'
import { type ReaderPorts, requireReader } from '#http/reader.ts'

/** `/api/mailboxes/{id}`: a mailbox for its owner and its filers, and its lines for its owner. */
export function mailboxRoutes(ports: ReaderPorts & ReadMailboxPorts): Hono {
  const app = new Hono()

  app.get('/api/mailboxes/:id{[a-z2-7]{32}}', async (c) => {
    const reader = await requireReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const mailbox = await readMailbox(ports, reader.value, c.req.param('id'))
    return mailbox.ok ? c.json(mailbox.value) : problem(c, mailbox.refusal)
  })

  app.get('/api/mailboxes/:id{[a-z2-7]{32}}/lines', async (c) => {
    const reader = await requireReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const lines = await readLineList(ports, reader.value, c.req.param('id'))
    return lines.ok ? c.json(lines.value) : problem(c, lines.refusal)
  })

  return app
}
