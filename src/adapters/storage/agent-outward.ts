import type { AgentStore } from '#ports/agent-store.ts'
import type { AgentDatabase } from './agent-database.ts'
import { archivedOf, archivedRow, webhookOf, webhookRow } from './agent-rows.ts'

type Part = Pick<
  AgentStore,
  | 'dropArchived'
  | 'dropHold'
  | 'dropWebhook'
  | 'dueWebhooks'
  | 'keepArchived'
  | 'listArchived'
  | 'listHolds'
  | 'putHold'
  | 'putOffWebhook'
  | 'queueWebhooks'
>

const DUE_MAX = 50

/** What goes to the company's own systems and into its archive. */
export function outwardStore(database: AgentDatabase): Part {
  return { ...webhooks(database), ...archive(database) }
}

function webhooks({
  db,
  engine,
}: AgentDatabase): Pick<Part, 'dropWebhook' | 'dueWebhooks' | 'putOffWebhook' | 'queueWebhooks'> {
  return {
    queueWebhooks: async (messages) => {
      if (messages.length === 0) return
      await engine.write([db.insertInto('webhook').values(messages.map(webhookRow)).compile()])
    },
    dueWebhooks: async (now) => {
      const rows = await engine.read(
        db
          .selectFrom('webhook')
          .select(['id', 'endpoint', 'payload', 'attempts', 'due_at'])
          .where('due_at', '<=', now)
          .orderBy('due_at')
          .limit(DUE_MAX)
          .compile(),
      )
      return rows.map(webhookOf)
    },
    putOffWebhook: async ({ attempts, dueAt, id }) => {
      await engine.write([
        db.updateTable('webhook').set({ attempts, due_at: dueAt }).where('id', '=', id).compile(),
      ])
    },
    dropWebhook: async (id) => {
      await engine.write([db.deleteFrom('webhook').where('id', '=', id).compile()])
    },
  }
}

function archive({ db, engine }: AgentDatabase): Omit<Part, keyof ReturnType<typeof webhooks>> {
  const files = db
    .selectFrom('archived')
    .select(['sha256', 'matter', 'notice', 'bytes', 'at', 'keep_until'])
    .orderBy('at')
    .orderBy('sha256')
  return {
    keepArchived: async (file) => {
      await engine.write([
        db
          .insertInto('archived')
          .values(archivedRow(file))
          .onConflict((row) => row.column('sha256').doNothing())
          .compile(),
      ])
    },
    listArchived: async (matter) => {
      const wanted = matter === undefined ? files : files.where('matter', '=', matter)
      const rows = await engine.read(wanted.compile())
      return rows.map(archivedOf)
    },
    dropArchived: async (sha256) => {
      await engine.write([db.deleteFrom('archived').where('sha256', '=', sha256).compile()])
    },
    putHold: async (hold) => {
      const { reason, until } = hold
      await engine.write([
        db
          .insertInto('hold')
          .values(hold)
          .onConflict((row) => row.column('matter').doUpdateSet({ reason, until }))
          .compile(),
      ])
    },
    dropHold: async (matter) => {
      await engine.write([db.deleteFrom('hold').where('matter', '=', matter).compile()])
    },
    listHolds: async () =>
      await engine.read(
        db.selectFrom('hold').select(['matter', 'reason', 'until']).orderBy('matter').compile(),
      ),
  }
}
