import type { ParsedAct } from '#core/act.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, type Result } from '#core/result.ts'
import type { Events } from '#ports/events.ts'
import { Unavailable } from '#ports/storage.ts'
import { buildReceipt } from './build-receipt.ts'
import { releaseIfDue } from './run-due.ts'
import type { Sequencer } from './sequence-log.ts'
import { addSignature, submitParsed, type SubmitActPorts, type Submitted } from './submit-act.ts'

/** What answering a submission needs. */
export type AnswerActPorts = SubmitActPorts & {
  readonly events: Events
  readonly sequencer: Sequencer
}

/** Where an act stands, with its receipt; null while the log does not have it. */
export type Answer = Submitted & {
  readonly receipt: Receipt | null
  /** A customer's act, which enters the log once a day: when it came is nobody's business. */
  readonly isHeld: boolean
}

/** Submits an act that has been read, brings it into the log and answers with its receipt. */
export async function answerAct(
  ports: AnswerActPorts,
  parsed: ParsedAct,
  signatures: readonly string[],
): Promise<Result<Answer>> {
  return await answer(ports, await submitParsed(ports, parsed, signatures))
}

/** Adds a signature and answers alike. */
export async function answerSignature(
  ports: AnswerActPorts,
  id: string,
  signature: string,
): Promise<Result<Answer>> {
  return await answer(ports, await addSignature(ports, id, signature))
}

/** The act is durable by now: whatever fails here only delays its receipt. */
async function answer(
  ports: AnswerActPorts,
  submitted: Result<Submitted>,
): Promise<Result<Answer>> {
  if (!submitted.ok) {
    ports.events.actRefused({ reason: submitted.refusal.reason })
    return submitted
  }
  const { parsed } = submitted.value
  const { type } = parsed.act
  // What customers do is not reported: whoever collects these lines puts the time of day beside them.
  const isHeld = ACT_RULES[type].held
  if (!isHeld) ports.events.actAccepted({ type, status: submitted.value.status })
  try {
    if (parsed.act.type === 'notice.support') await releaseIfDue(ports, parsed.act.body.notice)
    await ports.sequencer.flush()
    const receipt = await buildReceipt(ports, parsed, { withChain: false })
    return accept({ ...submitted.value, receipt: receipt ?? null, isHeld })
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    ports.events.unavailable({ operation: 'receipt', code: '' })
    return accept({ ...submitted.value, receipt: null, isHeld })
  }
}
