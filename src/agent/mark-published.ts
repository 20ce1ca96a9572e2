import { normaliseAccount } from '#core/commitment.ts'
import { dayOf } from '#core/time.ts'
import { type Agent, allow, deny, type LocalResult } from './agent.ts'
import { changeNotice, secretsOf } from './notice-record.ts'

/**
 * Notes that others know the check code of a recipient: from the next release on, the list of codes says so, since whoever forges a message may
 * name it. Gives the UTC day since which it is so.
 *
 * Denies `not-found` where this notice tells nobody of this account.
 */
export async function markPublished(
  agent: Agent,
  { account, notice }: { readonly account: string; readonly notice: string },
): Promise<LocalResult<string>> {
  const normal = normaliseAccount(account)
  const recipient = normal.ok
    ? await agent.store.findRecipient(notice, agent.vault.tag('account', normal.value))
    : undefined
  if (recipient === undefined || (await agent.store.readNotice(notice)) === undefined)
    return deny('not-found')
  const today = dayOf(agent.now())
  const { reference } = recipient
  let since = today
  await changeNotice(agent, notice, (row) => {
    const secrets = secretsOf(agent, row)
    since = secrets.published?.[reference] ?? today
    return secrets.published?.[reference] === undefined
      ? { secrets: { ...secrets, published: { ...secrets.published, [reference]: today } } }
      : undefined
  })
  return allow(since)
}
