import Database from 'better-sqlite3'
import { addressKey } from '#core/mail-address.ts'
import { DAY_SECONDS } from '#core/time.ts'
import {
  type Enqueued,
  KEPT_DAYS,
  type Outbox,
  type QueuedMail,
  type Settlement,
  type Stopped,
} from '#ports/outbox.ts'
import { Unavailable } from '#ports/storage.ts'
import {
  AHEAD_SECONDS_MAX,
  finish,
  LANES,
  openDatabase,
  type Opened,
  walForgetter,
} from './outbox-database.ts'
import { lease } from './outbox-lease.ts'
import { counts, textOf, unreported } from './outbox-states.ts'
import type { RelayKeys } from './relay-keys.ts'
import { buryIfGone, lockWorker } from './worker-lock.ts'

/** Where an outbox is, and the keys to what it holds. */
export interface OutboxOptions {
  /** The file; its folder must exist. */
  readonly path: string
  readonly keys: RelayKeys
  /** How many mails are under way at once at most: outcomes that arrive together share a commit. */
  readonly together?: number
}

/** How long an outcome waits for those of the other mails under way. */
const GATHER_MILLISECONDS = 4

/**
 * Opens an outbox in a SQLite database of its own, which it makes where there is none.
 *
 * @throws Unavailable where it cannot be opened, SchemaTooNew where a newer version has changed it.
 */
export function openOutbox({ keys, path, together = 1 }: OutboxOptions): Outbox {
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
  const read = async <T>(run: () => T): Promise<T> => {
    await Promise.resolve()
    return guarded(run)
  }
  const outcomes = gather(together, atOnce)
  return {
    enqueue: async (mails, now) =>
      await atOnce(() => mails.map((mail) => enqueue(opened, mail, now))),
    lease: async (ask) => await atOnce(() => lease(opened, ask)),
    settle: async (id, settlement, now) => {
      await outcomes.add(() => settle(opened, { id, settlement, now }))
    },
    nextDue: async () => await read(() => nextDue(opened)),
    reclaim: async (now) =>
      await Promise.resolve().then(() => guarded(() => reclaim(opened, { path, now }))),
    mend: async (now) => {
      await atOnce(() => mend(opened, now))
    },
    stop: async (batch, toStop) => await atOnce(() => stop(opened, batch, toStop)),
    isStopped: async (batch) => await read(() => isStopped(opened, batch)),
    bounce: async (token, isSuppressed) => await atOnce(() => bounce(opened, token, isSuppressed)),
    unreported: async (limit) => await read(() => unreported(opened, limit)),
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
    counts: async () => await read(() => counts(opened)),
    close: async () => {
      await outcomes.flush()
      lock.release()
      database.close()
    },
  }
}

/** Runs what is asked for together in one transaction: as soon as so many ask, or when the first has waited long enough. */
function gather(
  together: number,
  atOnce: (run: () => void) => Promise<void>,
): { readonly add: (run: () => void) => Promise<void>; readonly flush: () => Promise<void> } {
  const asked: { readonly run: () => void; readonly end: (done: Promise<void>) => void }[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const group = asked.splice(0)
    if (group.length === 0) return
    const done = atOnce(() => {
      for (const { run } of group) run()
    })
    for (const { end } of group) end(done)
    await Promise.allSettled([done])
  }
  const add = async (run: () => void): Promise<void> =>
    await new Promise<void>((resolve) => {
      asked.push({ run, end: resolve })
      if (asked.length >= together) void flush()
      else timer ??= setTimeout(() => void flush(), GATHER_MILLISECONDS)
    })
  return { add, flush }
}

function enqueue(opened: Opened, mail: QueuedMail, now: number): Enqueued {
  const { keys, rows, sql } = opened
  const tag = keys.tag(addressKey(mail.to))
  const isSuppressed = rows('select 1 from suppression where address_tag = ?', tag).length > 0
  const sealed = isSuppressed ? undefined : keys.seal(mail.id, mail)
  const [phase, state] = isSuppressed ? ['done', 'suppressed'] : waiting(opened, mail.batch)
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

function settle(
  opened: Opened,
  {
    id,
    now,
    settlement,
  }: { readonly id: string; readonly settlement: Settlement; readonly now: number },
): void {
  const { rows, sql, worker } = opened
  const [row] = rows<{ seq: number; batch: string; address_tag: string }>(
    `select seq, batch, address_tag from mail where id = ? and phase = 'sending' and worker = ?`,
    id,
    worker,
  )
  if (row === undefined) return
  if (settlement.kind === 'again') {
    const { held, isCounted, notBefore } = settlement
    const [phase, state] = waiting(opened, row.batch, held)
    sql(
      `update mail set phase = ?, worker = null, has_slot = 0, not_before = ?, attempts = attempts + ?, state = ? where seq = ?`,
    ).run(phase, notBefore, isCounted ? 1 : 0, state, row.seq)
    return
  }
  if (settlement.kind === 'bounced' && settlement.isSuppressed) suppress(opened, row.address_tag)
  finish(opened, row.seq, { state: settlement.kind, now })
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

/** The phase and the state of a mail that waits. */
function waiting(
  opened: Opened,
  batch: string,
  held?: 'quiet-hours',
): readonly [phase: string, state: string] {
  if (isStopped(opened, batch)) return ['stopped', 'held stopped']
  return ['queued', held === undefined ? 'queued' : `held ${held}`]
}

function isStopped({ rows }: Opened, batch: string): boolean {
  return rows('select 1 from stopped_batch where batch = ?', batch).length > 0
}

function stop({ rows, sql }: Opened, batch: string, toStop: boolean): Stopped {
  if (toStop) sql('insert or ignore into stopped_batch (batch) values (?)').run(batch)
  else sql('delete from stopped_batch where batch = ?').run(batch)
  const [from, to, state] = toStop
    ? ['queued', 'stopped', 'held stopped']
    : ['stopped', 'queued', 'queued']
  const { changes: mails } = sql(
    'update mail set phase = ?, state = ? where batch = ? and phase = ?',
  ).run(to, state, batch, from)
  const [row] = rows<{ count: number }>(
    `select count(*) as count from mail where batch = ? and phase = 'sending'`,
    batch,
  )
  return { mails, underWay: row?.count ?? 0 }
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

function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    throw new Unavailable(`the outbox failed (${cause.code})`, { cause })
  }
}
