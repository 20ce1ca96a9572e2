import Database from 'better-sqlite3'
import { addressKey } from '#core/mail-address.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { MailState } from '#ports/deliveries.ts'
import {
  type Enqueued,
  KEPT_DAYS,
  type LeasedMail,
  type Outbox,
  type QueuedMail,
  type Settlement,
  type Throttle,
} from '#ports/outbox.ts'
import { Unavailable } from '#ports/storage.ts'
import { openDatabase, walForgetter } from './outbox-database.ts'
import type { RelayKeys } from './relay-keys.ts'
import { buryIfGone, lockWorker } from './worker-lock.ts'

/** Where an outbox is, and the keys to what it holds. */
export interface OutboxOptions {
  /** The file; its folder must exist. */
  readonly path: string
  readonly keys: RelayKeys
}

const LANES = ['priority', 'normal'] as const
/** No time of our own is set further ahead than this beyond the release of a mail. */
const AHEAD_SECONDS_MAX = 2 * DAY_SECONDS
/** Phase and state of a mail that waits for its time, and of one that waits for its batch. */
const QUEUED = ['queued', 'queued'] as const
const STOPPED = ['stopped', 'held stopped'] as const
const UNTHROTTLED: Throttle = { perMinute: 60_000, burst: 1_000_000 }

/** A row that is due. */
interface DueRow {
  readonly seq: number
  readonly id: string
  readonly reference: string
  readonly batch: string
  readonly lane: number
  readonly not_before: number
  readonly has_slot: number
  readonly attempts: number
  readonly queued_at: number
  readonly domain_tag: string
  readonly bounce_token: string
  readonly is_suppressed: number
  readonly block: Buffer
  readonly sealed_key: Buffer
}

interface Opened {
  readonly database: Database.Database
  readonly keys: RelayKeys
  readonly worker: string
  /** A statement by its text, prepared once. */
  readonly sql: (text: string) => Database.Statement<unknown[], never>
  /** The rows of a query, of the type that it was written for. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller, who wrote the query, says what its rows are
  readonly rows: <Row>(text: string, ...given: readonly unknown[]) => readonly Row[]
}

/**
 * Opens an outbox in a SQLite database of its own, which it makes where there is none.
 *
 * @throws Unavailable where it cannot be opened, SchemaTooNew where a newer version has changed it.
 */
export function openOutbox({ keys, path }: OutboxOptions): Outbox {
  const database = guarded(() => openDatabase(path))
  const lock = guarded(() => lockWorker(path))
  const statements = new Map<string, Database.Statement<unknown[], never>>()
  const sql = (text: string) => {
    const known = statements.get(text) ?? database.prepare<unknown[], never>(text)
    statements.set(text, known)
    return known
  }
  const rows: Opened['rows'] = (text, ...given) => sql(text).all(...given)
  const opened: Opened = { database, keys, worker: lock.worker, sql, rows }
  const forget = walForgetter(database)
  const atOnce = async <T>(run: () => T): Promise<T> => {
    await Promise.resolve()
    const result = guarded(() => database.transaction(run).immediate())
    forget()
    return result
  }
  return {
    enqueue: async (mails, now) =>
      await atOnce(() => mails.map((mail) => enqueue(opened, mail, now))),
    lease: async (ask) => await atOnce(() => lease(opened, ask)),
    settle: async (id, settlement, now) => {
      await atOnce(() => settle(opened, { id, settlement, now }))
    },
    nextDue: async () => await atOnce(() => nextDue(opened)),
    reclaim: async (now) =>
      await Promise.resolve().then(() => guarded(() => reclaim(opened, { path, now }))),
    mend: async (now) => {
      await atOnce(() => mend(opened, now))
    },
    stop: async (batch, isStopping) => await atOnce(() => stop(opened, batch, isStopping)),
    bounce: async (token, isSuppressed) => await atOnce(() => bounce(opened, token, isSuppressed)),
    unreported: async (limit) => await atOnce(() => unreported(opened, limit)),
    reported: async (noted) => {
      await atOnce(() => {
        for (const { id, state } of noted)
          sql('update mail set reported = ? where id = ?').run(textOf(state), id)
      })
    },
    prune: async (now) => {
      await atOnce(() => {
        sql('delete from mail where settled_at < ?').run(now - KEPT_DAYS * DAY_SECONDS)
      })
    },
    counts: async () => await atOnce(() => counts(opened)),
    close: async () => {
      lock.release()
      database.close()
      await Promise.resolve()
    },
  }
}

function enqueue({ keys, rows, sql }: Opened, mail: QueuedMail, now: number): Enqueued {
  const tag = keys.tag(addressKey(mail.to))
  const isSuppressed = rows('select 1 from suppression where address_tag = ?', tag).length > 0
  const sealed = isSuppressed ? undefined : keys.seal(mail.id, mail)
  const waiting = isStopped(rows, mail.batch) ? STOPPED : QUEUED
  const [phase, state] = isSuppressed ? ['done', 'suppressed'] : waiting
  const { changes, lastInsertRowid } = sql(
    `insert into mail (id, reference, batch, lane, phase, state, reported, not_before, release_at, has_slot, attempts, queued_at,
      settled_at, address_tag, domain_tag, bounce_token, sealed_key)
     values (@id, @reference, @batch, @lane, @phase, @state, '', @notBefore, @notBefore, 0, 0, @now,
      @settledAt, @addressTag, @domainTag, @bounceToken, @sealedKey) on conflict do nothing`,
  ).run({
    id: mail.id,
    reference: mail.reference,
    batch: mail.batch,
    lane: LANES.indexOf(mail.lane),
    phase,
    state,
    notBefore: mail.notBefore,
    now,
    settledAt: isSuppressed ? now : null,
    addressTag: tag,
    domainTag: keys.tag(mail.to.domain),
    bounceToken: keys.bounceToken(mail.id),
    sealedKey: sealed?.key ?? null,
  })
  if (changes === 0) return 'known'
  if (sealed === undefined) return 'suppressed'
  sql('insert into sealed (mail, block) values (?, ?)').run(lastInsertRowid, sealed.block)
  return 'queued'
}

function lease(opened: Opened, ask: Parameters<Outbox['lease']>[0]): readonly LeasedMail[] {
  const { keys, sql, worker } = opened
  const due = LANES.flatMap((_, lane) => dueRows(opened, lane, ask)).slice(0, ask.limit)
  const taken: LeasedMail[] = []
  for (const row of due) {
    if (row.is_suppressed === 1) {
      finish(opened, row.seq, { state: 'suppressed', now: ask.now })
      continue
    }
    const slot = row.has_slot === 1 ? ask.now : slotFor(opened, row.domain_tag, ask)
    if (slot > ask.now) {
      sql('update mail set not_before = ?, has_slot = 1 where seq = ?').run(slot, row.seq)
      continue
    }
    sql(`update mail set phase = 'sending', worker = ? where seq = ?`).run(worker, row.seq)
    const { attempts, batch, bounce_token: bounceToken, id, not_before: notBefore, reference } = row
    const sealed = keys.open(id, { block: row.block, key: row.sealed_key })
    const lane = LANES[row.lane] ?? 'normal'
    const times = { attempts, queuedAt: row.queued_at, notBefore }
    taken.push({ ...sealed, ...times, id, reference, batch, lane, bounceToken })
  }
  return taken
}

function dueRows(
  { rows }: Opened,
  lane: number,
  { limit, now }: { readonly limit: number; readonly now: number },
): readonly DueRow[] {
  return rows(
    `select mail.seq, id, reference, batch, lane, not_before, has_slot, attempts, queued_at, domain_tag, bounce_token, block, sealed_key,
       suppression.address_tag is not null as is_suppressed
     from mail indexed by mail_due join sealed on sealed.mail = mail.seq
     left join suppression on suppression.address_tag = mail.address_tag
     where phase = 'queued' and lane = ? and not_before <= ? order by not_before, mail.seq limit ?`,
    lane,
    now,
    limit,
  )
}

/**
 * When a domain may have its next mail, by the generic cell rate algorithm: each mail that has to wait is given a time of its own, so that a
 * full domain costs one look for each of its mails and not one for each pass.
 */
function slotFor(
  { rows, sql }: Opened,
  domain: string,
  { now, throttle = UNTHROTTLED }: { readonly now: number; readonly throttle?: Throttle },
): number {
  const [row] = rows<{ free_at_milliseconds: number }>(
    'select free_at_milliseconds from pace where domain_tag = ?',
    domain,
  )
  const present = now * 1000
  const known = row?.free_at_milliseconds ?? present
  const isAbsurd = known > present + AHEAD_SECONDS_MAX * 1000
  const freeAt = isAbsurd ? present : Math.max(present, known)
  const interval = 60_000 / throttle.perMinute
  sql('insert or replace into pace (domain_tag, free_at_milliseconds) values (?, ?)').run(
    domain,
    Math.round(freeAt + interval),
  )
  return Math.ceil((freeAt - interval * (throttle.burst - 1)) / 1000)
}

function settle(
  opened: Opened,
  {
    id,
    now,
    settlement,
  }: { readonly id: string; readonly settlement: Settlement; readonly now: number },
): void {
  const { rows, sql, worker } = opened
  const [row] = rows<{ seq: number; address_tag: string; batch: string }>(
    `select seq, address_tag, batch from mail where id = ? and phase = 'sending' and worker = ?`,
    id,
    worker,
  )
  if (row === undefined) return
  if (settlement.kind === 'again') {
    const { held, isCounted, notBefore } = settlement
    const going = ['queued', held === undefined ? 'queued' : `held ${held}`] as const
    // Its batch may have been stopped while it was under way.
    const [phase, state] = isStopped(rows, row.batch) ? STOPPED : going
    sql(
      `update mail set phase = ?, worker = null, has_slot = 0, not_before = ?, attempts = attempts + ?, state = ? where seq = ?`,
    ).run(phase, notBefore, isCounted ? 1 : 0, state, row.seq)
    return
  }
  if (settlement.kind === 'bounced' && settlement.isSuppressed) suppress(opened, row.address_tag)
  finish(opened, row.seq, { state: settlement.kind, now })
}

/** The mail is gone with the commit that says that it is not needed any more. */
function finish(
  { sql }: Opened,
  seq: number,
  { now, state }: { readonly state: string; readonly now: number },
): void {
  sql(
    `update mail set phase = 'done', worker = null, sealed_key = null, state = ?, settled_at = ? where seq = ?`,
  ).run(state, now, seq)
  sql('delete from sealed where mail = ?').run(seq)
}

function suppress({ sql }: Opened, addressTag: string): void {
  sql('insert or ignore into suppression (address_tag) values (?)').run(addressTag)
}

function nextDue({ rows }: Opened): number | undefined {
  const [row] = rows<{ due: number | null }>(
    `select min(not_before) as due from mail where phase = 'queued'`,
  )
  return row?.due ?? undefined
}

/** A mail that was under way when its process ended has had an attempt: its server may have it already. */
function reclaim(
  opened: Opened,
  { now, path }: { readonly path: string; readonly now: number },
): number {
  const { database, rows, sql, worker } = opened
  const others = rows<{ worker: string }>(
    `select distinct worker from mail where phase = 'sending' and worker <> ?`,
    worker,
  )
  let count = 0
  for (const other of others) {
    buryIfGone(path, other.worker, () => {
      database
        .transaction(() => {
          count += sql(
            `update mail set phase = 'queued', worker = null, has_slot = 0, not_before = ?, attempts = attempts + 1
             where phase = 'sending' and worker = ?`,
          ).run(now, other.worker).changes
          sql(
            `update mail set phase = 'stopped', state = 'held stopped'
             where phase = 'queued' and batch in (select batch from stopped_batch)`,
          ).run()
        })
        .immediate()
    })
  }
  return count
}

function mend({ sql }: Opened, now: number): void {
  const given = { now, ahead: AHEAD_SECONDS_MAX }
  sql(
    `update mail set not_before = max(release_at, @now) where phase = 'queued' and not_before > max(release_at, @now) + @ahead`,
  ).run(given)
  sql('update mail set queued_at = @now where queued_at > @now + @ahead').run(given)
}

/** What is stopped stays so: also what is queued later, and what was under way and comes back. */
function stop({ sql }: Opened, batch: string, isStopping: boolean): number {
  sql(
    isStopping
      ? 'insert or ignore into stopped_batch (batch) values (?)'
      : 'delete from stopped_batch where batch = ?',
  ).run(batch)
  const [[from], [to, state]] = isStopping ? [QUEUED, STOPPED] : [STOPPED, QUEUED]
  return sql('update mail set phase = ?, state = ? where batch = ? and phase = ?').run(
    to,
    state,
    batch,
    from,
  ).changes
}

function isStopped(rows: Opened['rows'], batch: string): boolean {
  return rows('select 1 from stopped_batch where batch = ?', batch).length > 0
}

function bounce(opened: Opened, token: string, isSuppressed: boolean): boolean {
  const [row] = opened.rows<{ seq: number; address_tag: string }>(
    `select seq, address_tag from mail where bounce_token = ? and state in ('sent', 'bounced')`,
    token,
  )
  if (row === undefined) return false
  if (isSuppressed) suppress(opened, row.address_tag)
  opened.sql(`update mail set state = 'bounced' where seq = ?`).run(row.seq)
  return true
}

function unreported({ rows }: Opened, limit: number): Awaited<ReturnType<Outbox['unreported']>> {
  const found = rows<{ id: string; reference: string; state: string }>(
    'select id, reference, state from mail where reported <> state order by seq limit ?',
    limit,
  )
  return found.map(({ id, reference, state }) => ({ id, reference, state: stateOf(state) }))
}

function counts({ rows }: Opened): Awaited<ReturnType<Outbox['counts']>> {
  const found = {
    queued: 0,
    held: 0,
    sent: 0,
    bounced: 0,
    suppressed: 0,
    'given-up': 0,
    sending: 0,
  }
  const groups = rows<{ phase: string; state: string; count: number }>(
    'select phase, state, count(*) as count from mail group by phase, state',
  )
  for (const { count, phase, state } of groups)
    found[phase === 'sending' ? 'sending' : stateOf(state).state] += count
  return found
}

function textOf(state: MailState): string {
  return state.state === 'held' ? `held ${state.reason}` : state.state
}

function stateOf(text: string): MailState {
  switch (text) {
    case 'queued':
    case 'sent':
    case 'bounced':
    case 'suppressed':
    case 'given-up':
      return { state: text }
    default:
      return { state: 'held', reason: text === 'held stopped' ? 'stopped' : 'quiet-hours' }
  }
}

function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    throw new Unavailable(`the outbox failed (${cause.code})`, { cause })
  }
}
