import type { AgentStore } from '#ports/agent-store.ts'
import { type AgentDatabase, portions } from './agent-database.ts'
import { deliveryOf, dismissalOf } from './agent-rows.ts'

type Part = Pick<
  AgentStore,
  | 'countFeedback'
  | 'countStates'
  | 'dismiss'
  | 'dismissalsOf'
  | 'keepFeedback'
  | 'noteStates'
  | 'referencesHeld'
  | 'statesOf'
>

const HELD_MAX = 100

/** How far recipients are known to be. */
export function deliveryStore(database: AgentDatabase): Part {
  return { ...states(database), ...answers(database) }
}

function states({
  db,
  engine,
}: AgentDatabase): Pick<Part, 'countStates' | 'noteStates' | 'referencesHeld' | 'statesOf'> {
  const count = db.selectFrom('delivery').select(({ fn }) => fn.countAll<number>().as('count'))
  return {
    noteStates: async (noted) => {
      let added = 0
      for (const part of portions(noted)) {
        const keys = part.map(({ reference }) => reference)
        const counted = count.where('reference', 'in', keys).compile()
        const [before] = await engine.read(counted)
        await engine.write([
          db
            .insertInto('delivery')
            .values(part)
            .onConflict((row) =>
              row
                .columns(['reference', 'state'])
                .doUpdateSet((eb) => ({ reason: eb.ref('excluded.reason') }))
                .where('delivery.state', '=', 'held'),
            )
            .compile(),
        ])
        const [after] = await engine.read(counted)
        added += (after?.count ?? 0) - (before?.count ?? 0)
      }
      return added
    },
    referencesHeld: async (notice, { after, reasons }) => {
      const rows = await engine.read(
        db
          .selectFrom('delivery')
          .select('reference')
          .where('notice', '=', notice)
          .where('state', '=', 'held')
          .where('reason', 'in', [...reasons])
          .where('reference', '>', after)
          .orderBy('reference')
          .limit(HELD_MAX)
          .compile(),
      )
      return rows.map(({ reference }) => reference)
    },
    statesOf: async (reference) => {
      const rows = await engine.read(
        db
          .selectFrom('delivery')
          .select(['reference', 'state', 'notice', 'reason', 'at'])
          .where('reference', '=', reference)
          .orderBy('at')
          .compile(),
      )
      return rows.map(deliveryOf)
    },
    countStates: async (notice) => {
      const rows = await engine.read(
        db
          .selectFrom('delivery')
          .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
          .where('notice', '=', notice)
          .groupBy('state')
          .compile(),
      )
      return Object.fromEntries(rows.map(({ count: n, state }) => [state, n]))
    },
  }
}

function answers({
  db,
  engine,
}: AgentDatabase): Pick<Part, 'countFeedback' | 'dismiss' | 'dismissalsOf' | 'keepFeedback'> {
  return {
    dismiss: async ({ authenticatedAt, reference, sessionTag }) => {
      await engine.write([
        db
          .insertInto('dismissal')
          .values({ reference, session_tag: sessionTag, authenticated_at: authenticatedAt })
          .onConflict((row) =>
            row
              .columns(['reference', 'session_tag'])
              .doUpdateSet({ authenticated_at: authenticatedAt }),
          )
          .compile(),
      ])
    },
    dismissalsOf: async (references, sessionTag) => {
      const rows = await engine.read(
        db
          .selectFrom('dismissal')
          .select(['reference', 'session_tag', 'authenticated_at'])
          .where('reference', 'in', ['', ...references])
          .where('session_tag', '=', sessionTag)
          .compile(),
      )
      return rows.map(dismissalOf)
    },
    keepFeedback: async (feedback) => {
      await engine.write([
        db
          .insertInto('feedback')
          .values(feedback)
          .onConflict((row) =>
            row.columns(['reference', 'question']).doUpdateSet({ answer: feedback.answer }),
          )
          .compile(),
      ])
    },
    countFeedback: async (notice) =>
      await engine.read(
        db
          .selectFrom('feedback')
          .select(({ fn }) => ['question', 'answer', fn.countAll<number>().as('count')])
          .where('notice', '=', notice)
          .groupBy(['question', 'answer'])
          .orderBy('question')
          .orderBy('answer')
          .compile(),
      ),
  }
}
