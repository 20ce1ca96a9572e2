import type { RecipientState } from '#ports/agent-store.ts'
import type { Agent } from './agent.ts'

/** What became of some recipients of a notice. */
export interface RecipientNews {
  readonly state: RecipientState
  readonly recipients: readonly { readonly reference: string; readonly reason?: string }[]
  /** What one recipient answered. */
  readonly feedback?: { readonly answer: string; readonly question: string }
}

/** Tells the company's own systems what became of recipients, each by the ids of the events that the company reported them with. */
export async function tellRecipients(
  agent: Agent,
  notice: string,
  { recipients, ...news }: RecipientNews,
): Promise<void> {
  const events = await agent.store.eventsOf(recipients.map(({ reference }) => reference))
  await agent.tell({
    type: 'recipient.reported',
    data: {
      notice,
      ...news,
      recipients: recipients.map(({ reference, ...why }) => ({
        events: events
          .filter((event) => event.reference === reference)
          .map(({ eventTag, sealed }) => eventIdOf(agent, eventTag, sealed)),
        ...why,
      })),
    },
  })
}

function eventIdOf({ vault }: Agent, eventTag: string, sealed: string): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by takeEvent
  return (JSON.parse(vault.open(sealed, `event ${eventTag}`)) as { event_id: string }).event_id
}
