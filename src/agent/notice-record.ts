import type { NoticeKind } from '#core/act-bodies.ts'
import type { Brief } from '#core/notice-statement.ts'
import type { Receipt } from '#core/receipt.ts'
import type { NoticePhase, NoticeRow } from '#ports/agent-store.ts'
import type { ApprovalFile } from '#wire/approval.ts'
import type { Agent } from './agent.ts'
import type { LeftOutReason } from './filing/earlier-recipients.ts'

/** What is known of a notice beside brief and recipients; nothing of it singles out anybody. */
export interface NoticeState {
  readonly kind: NoticeKind
  /** Hash of the template. */
  readonly template: string
  readonly campaign?: string
  readonly joint?: { readonly hours: number; readonly required: number }
  /** The earlier notice, by its name here. */
  readonly supersedes?: string
  /** Why some who got it are not told. */
  readonly leftOut?: LeftOutReason
  /** The act id of the earlier notice. */
  readonly supersedesAct?: string
  readonly batching?: { readonly minutes: number; readonly size: number }
  readonly lane?: 'batched' | 'priority'
  readonly act?: string
  readonly draftedAt?: number
  readonly filedAt?: number
  readonly releasedAt?: number
  readonly proof?: 'logged' | 'witnessed'
  /** When each batch is shown, once the notice is released. */
  readonly batches?: readonly { readonly releaseAt: number; readonly stopped: boolean }[]
  readonly refused?: { readonly reason: string; readonly detail?: string }
  readonly archivedAt?: number
  /** Whether the relay has what is mailed. */
  readonly isMailed?: boolean
  /** When keys are looked for again, for whom there was none yet: POSIX seconds. */
  readonly mailAgainAt?: number | undefined
}

/** What of a notice is for the company alone. */
export interface NoticeSecrets {
  /** By which counsel counts as having signed. */
  readonly approval?: ApprovalFile
  readonly brief: Brief
  /** Since which UTC day a recipient's check code is known to others, by the recipient's reference. */
  readonly published?: Readonly<Record<string, string>>
  readonly receipt?: Receipt
}

/** A notice, read. */
export interface NoticeRecord {
  readonly name: string
  readonly matter: string
  readonly phase: NoticePhase
  readonly version: number
  readonly state: NoticeState
}

/** Reads what is not secret of a stored notice. */
export function recordOf({
  matter,
  name,
  phase,
  state,
  version,
}: Omit<NoticeRow, 'sealed'>): NoticeRecord {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return { matter, name, phase, version, state: JSON.parse(state) as NoticeState }
}

/** Opens what is secret of a stored notice. */
export function secretsOf(
  { vault }: Pick<Agent, 'vault'>,
  { name, sealed }: NoticeRow,
): NoticeSecrets {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return JSON.parse(vault.open(sealed, `notice ${name}`)) as NoticeSecrets
}

/** The row of a notice that does not exist yet. */
export function newNotice(
  { vault }: Pick<Agent, 'vault'>,
  record: Omit<NoticeRecord, 'version'>,
  secrets: NoticeSecrets,
): NoticeRow {
  const { name, state } = record
  const sealed = vault.seal(JSON.stringify(secrets), `notice ${name}`)
  return { ...record, state: JSON.stringify(state), sealed, version: 1 }
}

/** A change of a notice. */
export interface NoticeChange {
  readonly matter?: string
  readonly phase?: NoticePhase
  readonly state?: Partial<NoticeState>
  readonly secrets?: NoticeSecrets
}

/** The row of a notice after a change. */
export function changedNotice(
  { vault }: Pick<Agent, 'vault'>,
  row: NoticeRow,
  { matter = row.matter, phase = row.phase, secrets, state = {} }: NoticeChange,
): NoticeRow {
  return {
    ...row,
    matter,
    phase,
    state: JSON.stringify({ ...recordOf(row).state, ...state }),
    sealed:
      secrets === undefined
        ? row.sealed
        : vault.seal(JSON.stringify(secrets), `notice ${row.name}`),
    version: row.version + 1,
  }
}

/** Changes a notice, whatever else changed it meanwhile. @throws Error where it is not there any more. */
export async function changeNotice(
  agent: Pick<Agent, 'store' | 'vault'>,
  name: string,
  change: (row: NoticeRow) => NoticeChange | undefined,
): Promise<NoticeRow> {
  for (;;) {
    const row = await agent.store.readNotice(name)
    if (row === undefined) throw new Error('a notice is gone')
    const wanted = change(row)
    if (wanted === undefined) return row
    const changed = changedNotice(agent, row, wanted)
    if (await agent.store.putNotice(changed)) return changed
  }
}
