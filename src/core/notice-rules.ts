import { isCheckCode } from './check-code.ts'
import { isNormalAccount } from './commitment.ts'
import type { Brief, Facts, HelpRoute, NoticeStatement } from './notice-statement.ts'
import { characters, plainTextFault } from './plain-text.ts'
import { accept, refuse, type Result } from './result.ts'
import { parseInstant } from './time.ts'

/** The longest sentence of a company's own, in characters. */
export const OWN_WORDS_CHARACTERS_MAX = 280
/** The longest name of a helper, in characters. */
export const HELPER_NAME_CHARACTERS_MAX = 80
/** The longest name of a product, in characters. */
export const PRODUCT_CHARACTERS_MAX = 80
/** More than three things to do at once and a frightened reader does none. */
export const ACTIONS_NOW_MAX = 3

/** Tells whether a text is a day that exists: `2026-11-23`. */
export function isDay(text: string): boolean {
  return parseInstant(`${text}T00:00:00Z`) !== undefined
}

/** Checks what the shape of a brief cannot say. Refuses `brief-invalid`. */
export function checkBrief(brief: Brief): Result<Brief> {
  const fault =
    windowFault(brief) ??
    listFault({ methods: brief.methods, told_others: brief.told_others }) ??
    helpFault(brief.help) ??
    ownWordsFault('method_plain', brief.method_plain) ??
    productFault(brief.product)
  if (fault !== undefined) return refuse('brief-invalid', fault)
  if (!isDay(brief.detected_on) || !isDay(brief.next_update)) {
    return refuse('brief-invalid', 'detected_on and next_update are days that exist')
  }
  if (brief.next_update <= brief.detected_on) {
    return refuse('brief-invalid', 'next_update lies after detected_on')
  }
  if (brief.ongoing === 'no' && brief.window_to === undefined) {
    return refuse('brief-invalid', 'an attack that has ended has a window_to')
  }
  if (brief.authority.law !== undefined && brief.authority.told !== 'yes') {
    return refuse('brief-invalid', 'a law is named only where an authority was told')
  }
  if (brief.methods.length > 1 && brief.methods.includes('unknown')) {
    return refuse('brief-invalid', 'methods are unknown or they are named')
  }
  return accept(brief)
}

/** Checks what the shape of facts cannot say. Refuses `facts-invalid`. */
export function checkFacts(facts: Facts): Result<Facts> {
  const fault =
    windowFault(facts) ??
    listFault({ sought: facts.sought, actions: [...facts.actions_now, ...facts.actions_week] }) ??
    ownWordsFault('seen', facts.seen)
  if (fault !== undefined) return refuse('facts-invalid', fault)
  if (facts.safety !== undefined && facts.seen !== undefined) {
    return refuse('facts-invalid', 'with safety nothing of our own is said: leave seen out')
  }
  if (facts.actions_now.length === 0 || facts.actions_now.length > ACTIONS_NOW_MAX) {
    return refuse('facts-invalid', `actions_now has one to ${String(ACTIONS_NOW_MAX)} actions`)
  }
  if (facts.sought.length === 0) return refuse('facts-invalid', 'sought is empty; use unknown')
  if (facts.sought.length > 1 && facts.sought.includes('unknown')) {
    return refuse('facts-invalid', 'what was sought is unknown or it is named')
  }
  return accept(facts)
}

/** Checks what the shape of a statement cannot say. Refuses `brief-invalid`, `facts-invalid`, `notice-malformed`. */
export function checkStatement(statement: NoticeStatement): Result<NoticeStatement> {
  const brief = checkBrief(statement.brief.content)
  if (!brief.ok) return brief
  const facts = checkFacts(statement.facts)
  if (!facts.ok) return facts
  if ((statement.kind === 'first') !== (statement.supersedes === undefined)) {
    return refuse(
      'notice-malformed',
      'a first notice supersedes none; any other names the one it supersedes',
    )
  }
  if (!isCheckCode(statement.check)) return refuse('notice-malformed', 'this is not a check code')
  if (statement.also === statement.language) {
    return refuse('notice-malformed', 'the second language is the first')
  }
  const { help } = statement.brief.content
  if (
    statement.facts.safety !== undefined &&
    help.every(({ contact }) => contact.kind !== 'phone')
  ) {
    return refuse('facts-invalid', 'safety needs a telephone number in the help of the brief')
  }
  if (statement.supersedes === statement.notice) {
    return refuse('notice-malformed', 'a notice does not supersede itself')
  }
  if ('account' in statement.to && !isNormalAccount(statement.to.account)) {
    return refuse('notice-malformed', 'the account is not in its normal form')
  }
  return accept(statement)
}

function windowFault(window: { readonly window_from?: string; readonly window_to?: string }) {
  const { window_from: from, window_to: to } = window
  if (from !== undefined && !isDay(from)) return 'window_from is not a day that exists'
  if (to !== undefined && !isDay(to)) return 'window_to is not a day that exists'
  if (to !== undefined && from === undefined) return 'window_to without window_from'
  return from !== undefined && to !== undefined && to < from
    ? 'window_to lies before window_from'
    : undefined
}

function listFault(lists: Readonly<Record<string, readonly string[]>>): string | undefined {
  const repeated = Object.entries(lists).find(([, list]) => new Set(list).size < list.length)
  return repeated === undefined ? undefined : `${repeated[0]} names something twice`
}

function ownWordsFault(field: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (characters(text) > OWN_WORDS_CHARACTERS_MAX) {
    return `${field} has more than ${String(OWN_WORDS_CHARACTERS_MAX)} characters`
  }
  const fault = plainTextFault(text)
  return fault === undefined ? undefined : `${field}: ${fault}`
}

function productFault(product: string | undefined): string | undefined {
  if (product !== undefined && characters(product) > PRODUCT_CHARACTERS_MAX)
    return `product has more than ${String(PRODUCT_CHARACTERS_MAX)} characters`
  return ownWordsFault('product', product)
}

function helpFault(help: readonly HelpRoute[]): string | undefined {
  const kinds = new Set(help.map(({ kind }) => kind))
  if (kinds.size < help.length) return 'help names one kind of helper twice'
  if (!kinds.has('member')) return 'help lacks the filer itself (kind member)'
  for (const { name, hours } of help) {
    const fault = plainTextFault(name)
    if (fault !== undefined) return `the name of a helper: ${fault}`
    if (characters(name) > HELPER_NAME_CHARACTERS_MAX) return 'the name of a helper is too long'
    if (hours.from >= hours.to) return 'the hours of a helper end before they begin'
  }
  return undefined
}
