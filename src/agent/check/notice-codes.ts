import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { type CheckedNotice, checkTextOf } from '#client/check-text.ts'
import type { Api } from '#client/http.ts'
import type { CheckStatus } from '#core/check-list.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import type { Receipt } from '#core/receipt.ts'
import { dayOf } from '#core/time.ts'
import type { RecipientRow } from '#ports/agent-store.ts'
import type { CheckLine, CheckText } from '#wire/check-list.ts'
import type { Template } from '#wire/assemble-template.ts'
import { type Agent, templateOf } from '#agent/agent.ts'
import { keptOf, statementOf } from '#agent/file-campaign.ts'
import { type NoticeRecord, recordOf, secretsOf } from '#agent/notice-record.ts'

/** What a later notice makes of the codes of the one before. */
const FOLLOWED = {
  first: undefined,
  follow_up: 'updated',
  correction: 'corrected',
  withdrawal: 'withdrawn',
} as const satisfies Record<NoticeRecord['state']['kind'], CheckStatus | undefined>

/** The limits of a text: what is longer would make a list that no reader takes. */
const SUPPORTS_MAX = 16
const SUPPORT_CHARACTERS_MAX = 8192
const SIGNATURES_MAX = 8

/**
 * The codes of all notices that were released and are kept, as the lines that a list is built from. A code says what has become of its notice
 * since; one that was never shown, because the recipient must only be told to call, is left out.
 */
export async function* noticeCodes(agent: Agent, api: Api): AsyncGenerator<string> {
  const notices = (await agent.store.listNotices()).map(recordOf)
  const released = notices.filter(({ phase }) => phase === 'released')
  for (const notice of released) {
    const followers = released.filter(({ state }) => state.supersedes === notice.name)
    yield* codesOf({ agent, api, notice, followers })
  }
}

interface CodeSource {
  readonly agent: Agent
  readonly api: Api
  readonly notice: NoticeRecord
  readonly followers: readonly NoticeRecord[]
}

async function* codesOf({ agent, api, followers, notice }: CodeSource): AsyncGenerator<string> {
  const { name, state } = notice
  const row = await agent.store.readNotice(name)
  const template = templateOf(agent, state.template)
  if (row === undefined || !template.ok) return
  const { published = {}, receipt } = secretsOf(agent, row)
  const supports = await supportsOf(api, { act: state.act ?? '', known: receipt })
  const issued = dayOf(state.releasedAt ?? agent.now())
  const known = {
    issued,
    supports,
    ...(supports.length === 0 || state.act === undefined ? {} : { notice: state.act }),
  }
  const texts = new Map<string, string>()
  for (let after = ''; ; ) {
    const products = await agent.store.listProducts(name, after)
    if (products.length === 0) return
    for (const product of products) {
      const { reference } = product
      const statement = statementOf(keptOf(agent, product).file)
      const recipient = await agent.store.readRecipient(reference)
      if (statement === undefined || recipient === undefined || !('account' in statement.to))
        continue
      if (statement.facts.safety !== undefined) continue
      const variant = variantOf(statement)
      const text = texts.get(variant) ?? `${name} ${String(texts.size)}`
      if (!texts.has(variant)) {
        texts.set(variant, text)
        yield lineOf({ id: text, text: renderedText(template.value, statement, known) })
      }
      const standing =
        (await followedBy(agent, recipient, followers)) ?? ownStanding(published[reference], issued)
      yield lineOf({ account: statement.to.account, code: statement.check, text, ...standing })
    }
    after = products.at(-1)?.reference ?? ''
    // The company's systems ask meanwhile, and are answered.
    await yieldToOthers()
  }
}

interface Standing {
  readonly status: CheckStatus
  readonly since: string
}

function ownStanding(published: string | undefined, issued: string): Standing {
  return published === undefined
    ? { status: 'valid', since: issued }
    : { status: 'published', since: published }
}

function renderedText(
  { texts }: Template,
  statement: NoticeStatement,
  known: CheckedNotice,
): CheckText {
  const text = checkTextOf((language) => texts.get(language), statement, known)
  // It was rendered when it was filed, from the same words.
  if (!text.ok) throw new Error(`a notice cannot be rendered: ${text.refusal.reason}`)
  return text.value
}

function lineOf(line: CheckLine | { readonly id: string; readonly text: CheckText }): string {
  return JSON.stringify(line)
}

/** All that the text of a check may depend on. */
function variantOf({ also, brief, facts, language }: NoticeStatement): string {
  const { seen: _, ...shared } = facts
  return JSON.stringify([language, also, brief.content, shared])
}

/** What a later notice says of the code of a recipient; a correction that did not concern them leaves it as it was. */
async function followedBy(
  agent: Agent,
  { accountTag }: RecipientRow,
  followers: readonly NoticeRecord[],
): Promise<Standing | undefined> {
  const found: { status: CheckStatus; since: string; at: number }[] = []
  for (const { name, state } of followers) {
    const status = FOLLOWED[state.kind]
    if (status === undefined) continue
    const isApart = state.leftOut === 'not-affected' && status !== 'withdrawn'
    const isTold = (await agent.store.findRecipient(name, accountTag)) !== undefined
    if (isApart && !isTold) continue
    const at = state.releasedAt ?? agent.now()
    found.push({ status, since: dayOf(at), at })
  }
  const newest = found.toSorted((a, b) => a.at - b.at)
  const standing = newest.find(({ status }) => status === 'withdrawn') ?? newest.at(-1)
  return standing === undefined ? undefined : { status: standing.status, since: standing.since }
}

/** What other parties have signed by now; they may do so long after the notice. */
async function supportsOf(
  api: Api,
  { act, known }: { readonly act: string; readonly known: Receipt | undefined },
): Promise<CheckText['supports']> {
  const receipt = await api.readReceipt(act, { withChain: false })
  const supports = receipt.ok ? receipt.value.supports : (known?.supports ?? [])
  return supports
    .map(({ payload, signatures }) => ({ payload, signatures: [...signatures] }))
    .filter(
      ({ payload, signatures }) =>
        payload.length <= SUPPORT_CHARACTERS_MAX &&
        signatures.length > 0 &&
        signatures.length <= SIGNATURES_MAX &&
        signatures.every((one) => one.length <= SUPPORT_CHARACTERS_MAX),
    )
    .slice(0, SUPPORTS_MAX)
}
