import { authorOf, type ParsedAct } from '#core/act.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, type Result } from '#core/result.ts'
import type { Events } from '#ports/events.ts'
import { Unavailable } from '#ports/storage.ts'
import { buildReceipt } from './build-receipt.ts'
import type { Submitted } from './repeat-act.ts'
import { releaseIfDue } from './run-due.ts'
import type { Sequencer } from './sequence-log.ts'
import { addSignature, submitParsed, type SubmitActPorts } from './submit-act.ts'

/** What answering a submission needs. */
export type AnswerActPorts = SubmitActPorts & {
  readonly events: Events
  readonly sequencer: Sequencer
}

/** Where an act stands, with its receipt; null while the log does not have it. */
export type Answer = Submitted & {
  readonly receipt: Receipt | null
}

/** Submits an act that has been read, brings it into the log and answers with its receipt. */
export async function answerAct(
  ports: AnswerActPorts,
  parsed: ParsedAct,
  signatures: readonly string[],
): Promise<Result<Answer>> {
  const submitted = await submitParsed(ports, parsed, signatures)
  return await answer(ports, submitted, isCustomersAct(parsed))
}

/** Adds a signature to an act that is here and answers alike; `isCustomers` is what `isCustomersId` tells of that act. */
export async function answerSignature(
  ports: AnswerActPorts,
  { id, isCustomers }: { readonly id: string; readonly isCustomers: boolean },
  signature: string,
): Promise<Result<Answer>> {
  return await answer(ports, await addSignature(ports, id, signature), isCustomers)
}

/** Tells whether an act is a customer's, accepted or not: then nothing may say when it came, or that it did. */
export function isCustomersAct({ act }: ParsedAct): boolean {
  const { kind } = authorOf(act.by)
  return kind === 'mailbox' || kind === 'key' || ACT_RULES[act.type].held
}

/** The same of an act that is here; false where there is none. */
export async function isCustomersId(ports: AnswerActPorts, id: string): Promise<boolean> {
  const row = await ports.storage.findAct(id)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  return parsed?.ok === true && isCustomersAct(parsed.value)
}

/** The act is durable by now: whatever fails here only delays its receipt. */
async function answer(
  ports: AnswerActPorts,
  submitted: Result<Submitted>,
  isCustomers: boolean,
): Promise<Result<Answer>> {
  // What customers do is not reported: whoever collects these lines puts the time of day beside them.
  if (!submitted.ok) {
    if (!isCustomers) ports.events.actRefused({ reason: submitted.refusal.reason })
    return submitted
  }
  const { parsed } = submitted.value
  const { type } = parsed.act
  if (!isCustomers) ports.events.actAccepted({ type, status: submitted.value.status })
  try {
    if (parsed.act.type === 'notice.support') await releaseIfDue(ports, parsed.act.body.notice)
    await ports.sequencer.flush()
    const receipt = await buildReceipt(ports, parsed, { withChain: false })
    return accept({ ...submitted.value, receipt: receipt ?? null })
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    ports.events.unavailable({ operation: 'receipt', code: '' })
    return accept({ ...submitted.value, receipt: null })
  }
}
