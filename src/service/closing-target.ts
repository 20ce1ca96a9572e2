import type { ParsedAct } from '#core/act.ts'
import { approvedDuties } from '#core/approval.ts'
import type { Subjects, TargetStanding } from '#core/decision.ts'
import type { Directory } from '#core/directory.ts'
import { missingFor } from '#core/quorum.ts'
import { parseInstant } from '#core/time.ts'
import type { ActReader } from '#ports/acts.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { SignatureRow, Storage } from '#ports/storage.ts'
import { standingSignatures } from './standing-signatures.ts'

/** An act that another one may close or stands on, with the signatures that still stand under it. */
export interface ClosingTarget extends TargetStanding {
  readonly id: string
  readonly rows: readonly SignatureRow[]
}

type TargetPorts = {
  readonly acts: ActReader
  readonly crypto: ServiceCrypto
  readonly storage: Storage
}
interface TargetContext {
  readonly directory: Directory
  readonly subjects: Subjects
  readonly now: number
}

/**
 * Finds the act that an act would close, or the approval that a notice stands on, and holds its signatures against the roster of now;
 * `undefined` where there is none.
 */
export async function closingTarget(
  ports: TargetPorts,
  closing: ParsedAct,
  context: TargetContext,
): Promise<ClosingTarget | undefined> {
  const id = namedBy(closing)
  const row = id === undefined ? undefined : await ports.storage.findAct(id)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  if (id === undefined || parsed?.ok !== true) return undefined
  const approval = context.subjects.get('approval', id)
  const rows = await standingSignatures({
    parsed: parsed.value,
    state: context.subjects.get('act', id),
    directory: context.directory,
    rows: await ports.storage.signaturesOf(id),
    // The signatures of an approval are as old as its record, which took them for timely.
    now: approval === undefined ? context.now : startOf(approval.day),
    crypto: ports.crypto,
  })
  const approved = (await isApproved(ports, parsed.value, context))
    ? approvedDuties(parsed.value.act)
    : []
  return {
    id,
    rows,
    parties: [...new Set(rows.map(({ party }) => party))],
    isSigned: missingFor(context.directory, parsed.value.act, [...rows, ...approved]).length === 0,
  }
}

/** A waiting notice that another act closes: whether the approval that it stands on was neither withdrawn nor has lost its signers. */
async function isApproved(
  ports: TargetPorts,
  parsed: ParsedAct,
  context: TargetContext,
): Promise<boolean> {
  if (parsed.act.type !== 'notice.file' || parsed.act.body.approval === undefined) return false
  const approval = context.subjects.get('approval', parsed.act.body.approval)
  if (approval === undefined || approval.withdrawn) return false
  return (await closingTarget(ports, parsed, context))?.isSigned === true
}

function namedBy({ act }: ParsedAct): string | undefined {
  if (act.type === 'act.lapse' || act.type === 'act.withdraw') return act.body.act
  if (act.type === 'notice.release') return act.body.notice
  return act.type === 'notice.file' ? act.body.approval : undefined
}

function startOf(day: string): number {
  return parseInstant(`${day}T00:00:00Z`) ?? 0
}
