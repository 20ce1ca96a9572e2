import type { MailState } from '#ports/deliveries.ts'
import type { Outbox } from '#ports/outbox.ts'
import type { Opened } from './outbox-database.ts'

/** The states that nobody has noted yet. */
export function unreported(
  { rows }: Opened,
  limit: number,
): Awaited<ReturnType<Outbox['unreported']>> {
  const found = rows<{ id: string; reference: string; state: string }>(
    'select id, reference, state from mail where reported <> state order by seq limit ?',
    limit,
  )
  return found.map(({ id, reference, state }) => ({ id, reference, state: stateOf(state) }))
}

/** How many mails there are in each state. */
export function counts({ rows }: Opened): Awaited<ReturnType<Outbox['counts']>> {
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

/** A state as a row has it. */
export function textOf(state: MailState): string {
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
