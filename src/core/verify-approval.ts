import type { ParsedAct } from './act.ts'
import { approvedDuties } from './approval.ts'
import type { Directory } from './directory.ts'
import { type Counted, type CountedDuty, missingFor } from './quorum.ts'
import type { ActRecord } from './record.ts'
import { accept, refuse, type Result } from './result.ts'
import { parseInstant } from './time.ts'

/** An act as a verifier has found it in the log, its signatures good under the roster of its record. */
export interface ProvenAct {
  readonly parsed: ParsedAct
  readonly record: ActRecord
  readonly signatures: readonly Counted[]
}

/** What of an approval its notice's readers learn. */
export interface VerifiedApproval {
  readonly act: string
  /** Hash of the template that counsel approved. */
  readonly template: string
}

/**
 * Verifies the approval that a notice stands on: named by the notice, of its filer, in effect by the notice's day, not over when the notice
 * was written, and signed by officers who had not been shut out by then. Gives the duty that it covers, or none for an act without one.
 *
 * That an approval was not withdrawn before, no receipt can prove: the filer's own monitor sees a notice that should not be there.
 * Refuses `receipt-malformed`.
 *
 * @param roster the one under which the notice was recorded
 */
export function verifyApproval(
  notice: Pick<ProvenAct, 'parsed' | 'record'>,
  approval: ProvenAct | undefined,
  roster: Directory,
): Result<readonly CountedDuty[]> {
  const { act, at } = notice.parsed
  const named = act.type === 'notice.file' ? act.body.approval : undefined
  if (named !== approval?.parsed.id)
    return refuse('receipt-malformed', 'the approval is not the one that the notice names')
  if (approval === undefined) return accept([])
  const approving = approval.parsed.act
  const isOwn =
    approving.type === 'template.approve' &&
    'party' in approving.by &&
    'party' in act.by &&
    approving.by.party === act.by.party
  const stood =
    isOwn &&
    approval.record.event === 'adopted' &&
    approval.record.day <= notice.record.day &&
    at < (parseInstant(approving.body.until) ?? 0) &&
    missingFor(roster, approving, approval.signatures).length === 0
  return stood
    ? accept(approvedDuties(act))
    : refuse('receipt-malformed', 'the approval did not cover the notice')
}

/** What a receipt tells of the approval that it holds. */
export function approvalIn(approval: ProvenAct | undefined): VerifiedApproval | undefined {
  const act = approval?.parsed.act
  return act?.type === 'template.approve'
    ? { act: approval?.parsed.id ?? '', template: act.body.template }
    : undefined
}
