import { RECIPIENT_STATES } from '#ports/agent-store.ts'
import type { BandedCount, EventStanding, NoticeStanding } from '#wire/agent.ts'
import { type Agent, allow, deny, type LocalResult } from './agent.ts'
import { isRedraftable } from './draft-notice.ts'
import { recordOf } from './notice-record.ts'

const CELL_MIN = 5

/** A count that singles out nobody: no cell under five. Zero is said, since it speaks of nobody. */
export function banded(count: number): BandedCount {
  return count === 0 || count >= CELL_MIN ? count : 'under 5'
}

/** How a notice stands, in counts. */
export async function standingOf(agent: Agent, name: string): Promise<LocalResult<NoticeStanding>> {
  const { store } = agent
  const row = await store.readNotice(name)
  if (row === undefined) return deny('not-found')
  const { matter, phase, state } = recordOf(row)
  const [recipients, states, feedback] = await Promise.all([
    store.countRecipients(name),
    store.countStates(name),
    store.countFeedback(name),
  ])
  return allow({
    name,
    matter,
    phase,
    lane: state.lane ?? null,
    act: state.act ?? null,
    proof: state.proof ?? null,
    recipients: banded(recipients),
    states: Object.fromEntries(RECIPIENT_STATES.map((one) => [one, banded(states[one] ?? 0)])),
    feedback: feedback.map((answer) => ({ ...answer, count: banded(answer.count) })),
    batches: (state.batches ?? []).map(({ releaseAt, stopped }, number) => ({
      number,
      release_at: releaseAt,
      stopped,
    })),
    refused:
      state.refused === undefined
        ? null
        : { ...state.refused, next: isRedraftable(state) ? 'draft-anew' : 'another-notice' },
  })
}

/** How the recipient of one event stands, told to who reported the event. */
export async function eventStanding(
  agent: Agent,
  eventId: string,
): Promise<LocalResult<EventStanding>> {
  const event = await agent.store.readEvent(agent.vault.tag('event', eventId))
  if (event === undefined) return deny('not-found')
  const states = await agent.store.statesOf(event.reference)
  return allow({
    event_id: eventId,
    notice: event.notice,
    states: states.map(({ at, reason, state }) => ({ state, reason, at })),
  })
}
