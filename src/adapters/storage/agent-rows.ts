import type {
  ArchivedRow,
  DeliveryRow,
  DismissalRow,
  EventRow,
  NoticePhase,
  RecipientRow,
  RecipientState,
  WebhookRow,
} from '#ports/agent-store.ts'
import type { AgentTables } from './agent-schema.ts'

// Rows of the database in the words of the port, and back. What stands in a column of a closed list was written by this file alone.

export function noticeOf<T extends Omit<AgentTables['notice'], 'sealed'>>(
  row: T,
): T & { readonly phase: NoticePhase } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- from a closed list
  return { ...row, phase: row.phase as NoticePhase }
}

export function eventOf(row: AgentTables['event']): EventRow {
  const { digest_tag: digestTag, event_tag: eventTag, ...rest } = row
  return { ...rest, digestTag, eventTag }
}

export function eventRow({ digestTag, eventTag, ...rest }: EventRow): AgentTables['event'] {
  return { ...rest, digest_tag: digestTag, event_tag: eventTag }
}

export function recipientOf(row: AgentTables['recipient']): RecipientRow {
  const { account_tag: accountTag, line_index: lineIndex, mailbox_tag: mailboxTag, ...rest } = row
  return { ...rest, accountTag, lineIndex, mailboxTag }
}

export function recipientRow(recipient: RecipientRow): AgentTables['recipient'] {
  const { accountTag, lineIndex, mailboxTag, ...rest } = recipient
  return { ...rest, account_tag: accountTag, line_index: lineIndex, mailbox_tag: mailboxTag }
}

export function deliveryOf(row: AgentTables['delivery']): DeliveryRow {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- from a closed list
  return { ...row, state: row.state as RecipientState }
}

export function dismissalOf(row: AgentTables['dismissal']): DismissalRow {
  const { authenticated_at: authenticatedAt, reference, session_tag: sessionTag } = row
  return { authenticatedAt, reference, sessionTag }
}

export function webhookOf({ due_at: dueAt, ...rest }: AgentTables['webhook']): WebhookRow {
  return { ...rest, dueAt }
}

export function webhookRow({ dueAt, ...rest }: WebhookRow): AgentTables['webhook'] {
  return { ...rest, due_at: dueAt }
}

export function archivedOf({
  keep_until: keepUntil,
  ...rest
}: AgentTables['archived']): ArchivedRow {
  return { ...rest, keepUntil }
}

export function archivedRow({ keepUntil, ...rest }: ArchivedRow): AgentTables['archived'] {
  return { ...rest, keep_until: keepUntil }
}
