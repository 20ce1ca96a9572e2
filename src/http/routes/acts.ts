import { type Context, Hono } from 'hono'
import { ownerOf } from '#core/directory.ts'
import { readArmor } from '#core/packets.ts'
import type { Result } from '#core/result.ts'
import { readSignature } from '#core/signature.ts'
import type { SubmittedAnswer } from '#wire/answers.ts'
import {
  answerAct,
  type AnswerActPorts,
  answerSignature,
  type Answer,
  isCustomersAct,
  isCustomersId,
} from '#service/answer-act.ts'
import { listAcknowledgements, listPending, readAct, readReceipt } from '#service/read-act.ts'
import { type Admission, type Owner, ownedBy } from '#http/admission.ts'
import { readArmored, readSealedAct, type SealedActRequest } from '#http/body.ts'
import { leaveUnmeasured } from '#http/measure.ts'
import { plainProblem, problem, refused } from '#http/problem.ts'
import { type ReaderPorts, requestReader } from '#http/reader.ts'

type ActPorts = AnswerActPorts & ReaderPorts & { readonly admission: Admission }

/** `/api/acts`: submitting, signing and reading acts. */
export function actRoutes(ports: ActPorts): Hono {
  const app = new Hono()

  app.post('/api/acts', async (c) => {
    const sealed = await readSealedAct(c)
    if (!sealed.ok)
      return ports.admission.refuseClaim(c, undefined) ?? refused(c, ports.events, sealed.refusal)
    return await ports.admission.through(
      c,
      'acts',
      async () => await submit(ports, c, sealed.value),
    )
  })

  app.post('/api/acts/:id{[0-9a-f]{64}}/signatures', async (c) => {
    const armored = await readArmored(c)
    if (!armored.ok)
      return ports.admission.refuseClaim(c, undefined) ?? refused(c, ports.events, armored.refusal)
    const id = c.req.param('id')
    return await ports.admission.through(
      c,
      'acts',
      async () =>
        (await refuseDoubtful(ports, c, armored.value)) ??
        (await addSignature(ports, c, { id, armored: armored.value })),
    )
  })

  app.get('/api/acts', async (c) => {
    const after = c.req.query('after') ?? ''
    if (c.req.query('status') !== 'pending' || !/^(?:[0-9a-f]{64})?$/.test(after)) {
      return problem(c, {
        reason: 'request-malformed',
        detail: 'status=pending is the one listing',
      })
    }
    const reader = await requestReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    return c.json(await listPending(ports, reader.value, after))
  })

  app.get('/api/acts/:id{[0-9a-f]{64}}', async (c) => {
    const reader = await requestReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const act = await readAct(ports, reader.value, c.req.param('id'))
    return act.ok ? c.json(act.value) : problem(c, act.refusal)
  })

  app.get('/api/acts/:id{[0-9a-f]{64}}/acknowledgements', async (c) => {
    const after = c.req.query('after') ?? ''
    if (!/^(?:[a-z2-7]{32})?$/.test(after)) return problem(c, { reason: 'request-malformed' })
    const reader = await requestReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const listed = await listAcknowledgements(ports, reader.value, {
      notice: c.req.param('id'),
      after,
    })
    return listed.ok ? c.json(listed.value) : problem(c, listed.refusal)
  })

  app.get(
    '/api/acts/:id{[0-9a-f]{64}}/receipt',
    async (c) => await receipt(ports, c, c.req.param('id')),
  )

  return app
}

/** From an address that has spent its budget, only what names an officer's key is worth the arithmetic. */
async function refuseDoubtful(
  ports: ActPorts,
  c: Context,
  armored: string,
): Promise<Response | undefined> {
  if (!ports.admission.isDoubtful(c)) return undefined
  const packet = readArmor(armored, 'PGP SIGNATURE')
  const signature = packet.ok ? readSignature(packet.value) : packet
  const issuer = signature.ok ? signature.value.issuer : ''
  const owner = ownerOf(await ports.directory.current(), issuer)
  return ports.admission.refuseClaim(c, owner?.officer.fingerprint)
}

async function submit(ports: ActPorts, c: Context, sealed: SealedActRequest): Promise<Response> {
  const doubtful = await refuseDoubtful(ports, c, sealed.signatures[0] ?? '')
  if (doubtful !== undefined) return doubtful
  const parsed = ports.acts.parse(sealed.payload)
  if (!parsed.ok) return refused(c, ports.events, parsed.refusal)
  if (isCustomersAct(parsed.value)) leaveUnmeasured(c)
  const { by } = parsed.value.act
  const spent =
    'party' in by ? ports.admission.refuseSpent(c, 'acts', `party:${by.party}`) : undefined
  return spent ?? submitted(c, await answerAct(ports, parsed.value, sealed.signatures))
}

async function addSignature(
  ports: ActPorts,
  c: Context,
  { armored, id }: { readonly armored: string; readonly id: string },
): Promise<Response> {
  const isCustomers = await isCustomersId(ports, id)
  if (isCustomers) leaveUnmeasured(c)
  return submitted(c, await answerSignature(ports, { id, isCustomers }, armored))
}

/** 201 for what is new, 200 for what was known; both say where the act stands. */
function submitted(c: Context, outcome: Result<Answer>): Response {
  // The service has reported its refusals itself.
  if (!outcome.ok) return problem(c, outcome.refusal)
  const owner = authorOfNew(outcome.value)
  if (owner !== undefined) ownedBy(c, owner, false)
  const { id, known, missing, receipt: logged, status } = outcome.value
  const answer = { id, missing, receipt: logged, status }
  return c.json(answer satisfies Readable<SubmittedAnswer>, known ? 200 : 201)
}

/** Whom a new act is charged to; bytes that are known already prove nobody, since anybody may send them again. */
function authorOfNew({ known, parsed: { act } }: Answer): Owner | undefined {
  if (known) return undefined
  if ('party' in act.by) return `party:${act.by.party}`
  return 'mailbox' in act.by ? `mailbox:${act.by.mailbox}` : undefined
}

/** What core calls readonly, the schemas call mutable. */
type Readable<T> = {
  readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? readonly E[] : unknown
}

async function receipt(ports: ActPorts, c: Context, id: string): Promise<Response> {
  const chain = c.req.query('chain')
  if (chain !== undefined && chain !== 'none') {
    return problem(c, { reason: 'request-malformed', detail: 'chain=none leaves the chain out' })
  }
  const reader = await requestReader(ports, c)
  if (!reader.ok) return problem(c, reader.refusal)
  const found = await readReceipt(ports, reader.value, { id, withChain: chain === undefined })
  if (!found.ok) return problem(c, found.refusal)
  return found.value === undefined ? plainProblem(c, 'receipt-not-logged') : c.json(found.value)
}
