import type { ParsedAct } from '#core/act.ts'
import type { Subjects, TargetStanding } from '#core/decision.ts'
import type { Directory } from '#core/directory.ts'
import { missingFor } from '#core/quorum.ts'
import type { ActReader } from '#ports/acts.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { SignatureRow, Storage } from '#ports/storage.ts'
import { standingSignatures } from './standing-signatures.ts'

/** An act that another one may close, with the signatures that still stand under it. */
export interface ClosingTarget extends TargetStanding {
  readonly id: string
  readonly rows: readonly SignatureRow[]
}

/** Finds the act that an act would close, and holds its signatures against the roster of now; `undefined` where it closes none. */
export async function closingTarget(
  ports: { readonly acts: ActReader; readonly crypto: ServiceCrypto; readonly storage: Storage },
  closing: ParsedAct,
  context: { readonly directory: Directory; readonly subjects: Subjects; readonly now: number },
): Promise<ClosingTarget | undefined> {
  const id = closedBy(closing)
  const row = id === undefined ? undefined : await ports.storage.findAct(id)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  if (id === undefined || parsed?.ok !== true) return undefined
  const rows = await standingSignatures({
    parsed: parsed.value,
    state: context.subjects.get('act', id),
    directory: context.directory,
    rows: await ports.storage.signaturesOf(id),
    now: context.now,
    crypto: ports.crypto,
  })
  return {
    id,
    rows,
    parties: [...new Set(rows.map(({ party }) => party))],
    isSigned: missingFor(context.directory, parsed.value.act, rows).length === 0,
  }
}

function closedBy({ act }: ParsedAct): string | undefined {
  if (act.type === 'act.lapse' || act.type === 'act.withdraw') return act.body.act
  return act.type === 'notice.release' ? act.body.notice : undefined
}
