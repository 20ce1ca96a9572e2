import type { LeasedMail, Outbox, Throttle } from '#ports/outbox.ts'
import { AHEAD_SECONDS_MAX, finish, LANES, type Opened } from './outbox-database.ts'

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

/** Takes mails for this process. */
export function lease(opened: Opened, ask: Parameters<Outbox['lease']>[0]): readonly LeasedMail[] {
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
