import type { ParsedAct } from '#core/act.ts'
import { ACT_RULES, type ActRule } from '#core/act-rules.ts'
import { hex } from '#core/bytes.ts'
import type { ActState, ActStatus, Effect } from '#core/decision.ts'
import { type Directory, governanceDay, headAtMidnight, headOf } from '#core/directory.ts'
import { composeAddendum, SALT_BYTES } from '#core/log/leaf.ts'
import { type ActRecord, recordBytes, type RecordEvent } from '#core/record.ts'
import { DAY_SECONDS, dayOf, parseInstant } from '#core/time.ts'
import type { Random } from '#ports/random.ts'
import {
  type Commit,
  type LogRecord,
  type SignatureRow,
  type SubjectWrite,
  Unavailable,
} from '#ports/storage.ts'
import type { ClosingTarget } from './closing-target.ts'
import type { LoadedSubjects } from './load-subjects.ts'
import { DIRECTORY_SUBJECT } from './read-directory.ts'

/** How far the newest governance record may be ahead of the clock: readers take signatures that are a month older than their record. */
const AHEAD_SECONDS_MAX = 30 * DAY_SECONDS

/** What a commit is composed for. */
export interface CommitContext {
  readonly parsed: ParsedAct
  readonly now: number
  readonly current: Directory
  readonly subjects: LoadedSubjects
  readonly state: ActState | undefined
  readonly target: ClosingTarget | undefined
  readonly ports: { readonly random: Random }
}

/** What has been decided. */
export interface Outcome {
  readonly status: ActStatus
  readonly filed: boolean
  readonly effects: readonly Effect[]
  /** Signatures that are new. */
  readonly fresh: readonly SignatureRow[]
  /** All signatures that count. */
  readonly counted: readonly SignatureRow[]
}

/**
 * Turns a decision into the one write that carries it out: act, signatures, subjects, log records, and the version of all that was read.
 */
export function composeCommit(context: CommitContext, outcome: Outcome): Commit {
  const { parsed, current, subjects, state } = context
  const governs = outcome.effects.some((effect) => effect.kind === 'directory')
  const writes = [actWrite(context, outcome), ...subjectWrites(context, outcome.effects)]
  const written = new Set(writes.map(({ kind, id }) => `${kind}/${id}`))
  const guards = subjects.rows.filter((row) => !written.has(`${row.kind}/${row.id}`))
  const directory = { ...DIRECTORY_SUBJECT, version: current.chain.length }
  const closing = closingRecords(context, outcome.effects)
  return {
    guards: [
      ...guards.map(({ kind, id, version }) => ({ kind, id, version })),
      ...(governs ? [] : [directory]),
    ],
    subjects: [
      ...writes,
      ...(governs ? [{ ...DIRECTORY_SUBJECT, expected: current.chain.length, state: '{}' }] : []),
    ],
    acts:
      state === undefined
        ? [{ id: parsed.id, type: parsed.act.type, payload: parsed.payload }]
        : [],
    signatures: outcome.fresh,
    records: [...ownRecord(context, outcome), ...closing],
  }
}

function actWrite(context: CommitContext, outcome: Outcome): SubjectWrite {
  const { parsed, subjects, state } = context
  const next: ActState = {
    status: outcome.status,
    type: parsed.act.type,
    party: 'party' in parsed.act.by ? parsed.act.by.party : '',
    expires: ACT_RULES[parsed.act.type].held ? 0 : parsed.expires,
    withdrawn: state?.withdrawn ?? [],
    filed: outcome.filed,
  }
  return write({
    kind: 'act',
    id: parsed.id,
    expected: subjects.versionOf('act', parsed.id),
    state: next,
    tag: tagOf(outcome.status),
  })
}

/** Only acts that wait are ever listed. */
function tagOf(status: ActStatus): string | undefined {
  return status === 'pending' ? 'pending' : undefined
}

function write(subject: {
  kind: string
  id: string
  expected: number
  state: object
  tag: string | undefined
}): SubjectWrite {
  const { kind, id, expected, state, tag } = subject
  return { kind, id, expected, state: JSON.stringify(state), ...(tag === undefined ? {} : { tag }) }
}

function subjectWrites(
  context: CommitContext,
  effects: readonly Effect[],
): readonly SubjectWrite[] {
  return effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'directory':
        return []
      case 'put': {
        const expected = context.subjects.versionOf(effect.subject, effect.id)
        return [
          write({
            kind: effect.subject,
            id: effect.id,
            expected,
            state: effect.state,
            tag: effect.tag,
          }),
        ]
      }
      case 'close': {
        const target = context.subjects.get('act', effect.act)
        if (target === undefined) throw new Error('a decision closes an act that it did not read')
        const expected = context.subjects.versionOf('act', effect.act)
        return [
          write({
            kind: 'act',
            id: effect.act,
            expected,
            state: { ...target, status: effect.status },
            tag: undefined,
          }),
        ]
      }
    }
  })
}

/** The record of the act itself: none where a further signature only joins those of a waiting act. */
function ownRecord(context: CommitContext, outcome: Outcome): readonly LogRecord[] {
  const event = outcome.status === 'effective' ? 'adopted' : 'submitted'
  if (event === 'submitted' && context.state !== undefined && !outcome.filed) return []
  const { parsed } = context
  const governs = outcome.effects.some((effect) => effect.kind === 'directory')
  return [
    logRecord(context, {
      act: parsed.id,
      type: parsed.act.type,
      event,
      governs,
      signatures: outcome.counted,
    }),
  ]
}

/** Records of acts that change their status with this one, with the signatures that still stand. */
function closingRecords(context: CommitContext, effects: readonly Effect[]): readonly LogRecord[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'close') return []
    const state = context.subjects.get('act', effect.act)
    if (state === undefined || context.target?.id !== effect.act) {
      throw new Error('a decision closes an act that it did not read')
    }
    const event = closingEvent(effect.status)
    const { rows: signatures } = context.target
    return [
      logRecord(context, { act: effect.act, type: state.type, event, governs: false, signatures }),
    ]
  })
}

function closingEvent(status: ActStatus): RecordEvent {
  switch (status) {
    case 'effective':
      return 'adopted'
    case 'lapsed':
      return 'lapsed'
    case 'withdrawn':
      return 'withdrawn'
    case 'pending':
      return 'submitted'
  }
}

interface RecordFields {
  readonly act: string
  readonly type: string
  readonly event: RecordEvent
  readonly governs: boolean
  readonly signatures: readonly SignatureRow[]
}

/**
 * The day of a governance record, as long as its readers will take signatures of today for those of that day.
 *
 * @throws Unavailable where the clock is behind the chain by more than that: either it is wrong now, or it was.
 */
function readableDay(directory: Directory, now: number): string {
  const day = governanceDay(directory, now)
  if ((parseInstant(`${day}T00:00:00Z`) ?? 0) > now + AHEAD_SECONDS_MAX)
    throw new Unavailable('the clock is far behind the governance chain')
  return day
}

function logRecord(context: CommitContext, fields: RecordFields): LogRecord {
  const { current, now, ports } = context
  const rule = Object.hasOwn(ACT_RULES, fields.type)
    ? ruleOf(fields.type)
    : { open: false, held: false }
  const day = fields.governs ? readableDay(current, now) : dayOf(now)
  const head = rule.held ? headAtMidnight(current, day) : headOf(current)
  const record: ActRecord = {
    act: fields.act,
    day,
    event: fields.event,
    signatures: fields.signatures.map((row) => row.packetHash).toSorted(),
    ...(fields.governs ? { prev: head } : { directory: head }),
  }
  const addendum = composeAddendum({
    salt: ports.random.bytes(SALT_BYTES),
    record: recordBytes(record),
  })
  return {
    id: recordId(context, rule.held),
    act: fields.act,
    event: fields.event,
    addendum,
    isPublic: rule.open,
    needsHead: fields.governs || (fields.type === 'notice.file' && fields.event === 'adopted'),
    ...(fields.governs ? { chain: current.chain.length } : {}),
    ...(rule.held ? { hold: day } : {}),
  }
}

function ruleOf(type: string): Pick<ActRule, 'held' | 'open'> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller has just checked that the table has it
  return ACT_RULES[type as keyof typeof ACT_RULES]
}

/** Time-ordered ids keep the log in the order of arrival; a customer's record gets one that tells nothing. */
function recordId(context: CommitContext, held: boolean): string {
  const random = hex(context.ports.random.bytes(16))
  return held ? random : `${context.now.toString(16).padStart(12, '0')}${random.slice(12)}`
}
