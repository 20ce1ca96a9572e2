import { noticeIds, noticeSalts, previewNotice } from '#client/notice.ts'
import { type Agent, allow, deny, type LocalResult, templateOf } from './agent.ts'
import { recordOf, secretsOf } from './notice-record.ts'
import { recipientOf } from './recipient-record.ts'

/** Exactly what the recipient of an event would read. */
export interface Preview {
  readonly language: string
  readonly direction: 'ltr' | 'rtl'
  readonly subject: string
  readonly lines: readonly string[]
}

/** Shows what the recipient of an event would read, all their events folded into one. Nothing is signed. */
export async function previewEvent(
  agent: Agent,
  name: string,
  eventId: string,
): Promise<LocalResult<Preview>> {
  const { store, vault } = agent
  const [notice, event] = await Promise.all([
    store.readNotice(name),
    store.readEvent(vault.tag('event', eventId)),
  ])
  const recipient = event?.notice === name ? await store.readRecipient(event.reference) : undefined
  if (notice === undefined || recipient === undefined) return deny('not-found')
  const { kind, template: hash } = recordOf(notice).state
  const template = templateOf(agent, hash)
  if (!template.ok) return deny('notice-invalid', template.refusal.detail)
  const { origin, genesis, party } = agent.issuer
  const plan = {
    origin,
    genesis,
    filer: party,
    kind,
    brief: secretsOf(agent, notice).brief,
    salts: noticeSalts(agent.random),
    template: template.value,
    at: agent.now(),
  }
  const rendered = previewNotice(
    plan,
    { ...recipientOf(agent, recipient), line: 1 },
    noticeIds(agent.random),
  )
  if (!rendered.ok)
    return deny('notice-invalid', rendered.refusal.detail ?? rendered.refusal.reason)
  const { lines, notice: shown } = rendered.value
  const { direction, language, subject } = shown
  return allow({ direction, language, lines, subject })
}
