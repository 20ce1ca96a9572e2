import type { CompiledQuery } from 'kysely'
import type { AgentStore, EventRow, NoticeRow, RecipientRow } from '#ports/agent-store.ts'
import { type AgentDatabase, mustFind, portions } from './agent-database.ts'
import { eventOf, eventRow, noticeOf, recipientRow } from './agent-rows.ts'

type Part = Pick<
  AgentStore,
  'erase' | 'eventsOf' | 'listNotices' | 'putNotice' | 'readEvent' | 'readNotice' | 'takeEvent'
>

/** Notices and the events that they are made of. */
export function noticeStore(database: AgentDatabase): Part {
  const { db, engine } = database
  const notices = db
    .selectFrom('notice')
    .select(['name', 'matter', 'phase', 'version', 'state', 'sealed'])
  const events = db
    .selectFrom('event')
    .select(['event_tag', 'notice', 'reference', 'digest_tag', 'sealed'])
  return {
    readNotice: async (name) => {
      const [row] = await engine.read(notices.where('name', '=', name).compile())
      return row === undefined ? undefined : noticeOf(row)
    },
    listNotices: async () => {
      const rows = await engine.read(
        db
          .selectFrom('notice')
          .select(['name', 'matter', 'phase', 'version', 'state'])
          .orderBy('name')
          .compile(),
      )
      return rows.map(noticeOf)
    },
    putNotice: async (notice) => (await engine.write(putNotice(database, notice))) === 'committed',
    readEvent: async (eventTag) => {
      const [row] = await engine.read(events.where('event_tag', '=', eventTag).compile())
      return row === undefined ? undefined : eventOf(row)
    },
    eventsOf: async (references) => {
      const found: EventRow[] = []
      for (const part of portions(references)) {
        const rows = await engine.read(events.where('reference', 'in', part).compile())
        found.push(...rows.map(eventOf))
      }
      return found
    },
    takeEvent: async (event, recipient) =>
      (await engine.write(takeEvent(database, event, recipient))) === 'committed',
    erase: async (notice) => {
      await engine.write(erasing(database, notice))
    },
  }
}

function putNotice(database: AgentDatabase, notice: NoticeRow): readonly CompiledQuery[] {
  const { db } = database
  if (notice.version === 1) return [db.insertInto('notice').values(notice).compile()]
  const { matter, name, phase, sealed, state, version } = notice
  const found = db
    .selectFrom('notice')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('name', '=', name)
    .where('version', '=', version - 1)
  return [
    ...mustFind(database, found.compile()),
    db
      .updateTable('notice')
      .set({ matter, phase, sealed, state, version })
      .where('name', '=', name)
      .compile(),
  ]
}

function takeEvent(
  database: AgentDatabase,
  event: EventRow,
  recipient: RecipientRow,
): readonly CompiledQuery[] {
  const { db } = database
  const row = recipientRow(recipient)
  const added = db.insertInto('event').values(eventRow(event)).compile()
  if (recipient.version === 1) return [added, db.insertInto('recipient').values(row).compile()]
  const found = db
    .selectFrom('recipient')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('reference', '=', recipient.reference)
    .where('version', '=', recipient.version - 1)
  const { mailbox_tag, sealed, version } = row
  return [
    added,
    ...mustFind(database, found.compile()),
    db
      .updateTable('recipient')
      .set({ mailbox_tag, sealed, version })
      .where('reference', '=', recipient.reference)
      .compile(),
  ]
}

function erasing({ db }: AgentDatabase, notice: string): readonly CompiledQuery[] {
  const own = db.selectFrom('recipient').select('reference').where('notice', '=', notice)
  const tables = ['delivery', 'feedback', 'product', 'event', 'recipient'] as const
  return [
    db.deleteFrom('dismissal').where('reference', 'in', own).compile(),
    ...tables.map((table) => db.deleteFrom(table).where('notice', '=', notice).compile()),
    db.deleteFrom('notice').where('name', '=', notice).compile(),
  ]
}
