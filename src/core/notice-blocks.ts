import {
  brief,
  entry,
  fill,
  isWithdrawal,
  list,
  type Page,
  passage,
  phrase,
  word,
} from './notice-page.ts'
import { checkLines, contactLine, count, date, hoursLine, phone } from './notice-voice.ts'
import type { BlockId, PassageId } from './template.ts'
import { wordKey } from './template.ts'

/** The paragraphs of a block; an item gets a number, so that it can be named on the telephone. */
export type Draft = readonly (string | { readonly item: string })[]

/** What each block says. */
export const DRAFTS: Readonly<Record<BlockId, (page: Page) => Draft>> = {
  summary: summaryBlock,
  state: (page) => [word(page, 'target_state', page.statement.facts.target_state)],
  actions: actionsBlock,
  avoid: (page) => passage(page, 'avoid').map((item) => ({ item })),
  knowledge: knowledgeBlock,
  confidence: (page) => [word(page, 'confidence', brief(page).confidence)],
  actor: (page) => [
    word(page, 'actor_category', brief(page).actor_category),
    ...passage(page, 'no_state_named'),
  ],
  window: windowBlock,
  help: helpBlock,
  told: toldBlock,
  check: checkBlock,
  next: nextBlock,
}

function summaryBlock(page: Page): Draft {
  const { kind, facts } = page.statement
  if (kind === 'withdrawal') return passage(page, 'withdrawal_summary')
  const replaced = kind === 'first' ? [] : passage(page, kind)
  return [word(page, 'summary', facts.target_state), ...replaced, ...passage(page, 'reader')]
}

function actionsBlock(page: Page): Draft {
  const { actions_now: now, actions_week: week } = page.statement.facts
  return [
    ...passage(page, 'actions_now'),
    ...now.map((id) => action(page, id)),
    ...(week.length === 0 ? [] : passage(page, 'actions_week')),
    ...week.map((id) => action(page, id)),
  ]
}

function action(page: Page, id: string): { readonly item: string } {
  const { effect, minutes, task } = entry(page, page.text.actions, id) ?? {
    effect: '',
    minutes: 0,
    task: '',
  }
  const words = { effect: fill(page, effect), task: fill(page, task) }
  return { item: phrase(page, 'action', { ...words, minutes: count(page, minutes) }) }
}

function knowledgeBlock(page: Page): Draft {
  const { method_plain: plain, methods, objective, product } = brief(page)
  const { seen, sought, target_state: state } = page.statement.facts
  const unknowns: readonly (readonly [PassageId, boolean])[] = [
    ['not_known_outcome', state === 'targeted-outcome-unknown'],
    ['not_known_methods', methods.includes('unknown')],
    ['not_known_objective', objective === 'unknown'],
    ['not_known_sought', sought.includes('unknown')],
  ]
  const known = methods.filter((method) => method !== 'unknown')
  return [
    ...(known.length === 0 ? [] : passage(page, 'knowledge')),
    ...known.map((method) => ({ item: word(page, 'method', method) })),
    ...(product === undefined ? [] : passage(page, 'product')),
    ...(plain === undefined ? [] : passage(page, 'method_plain', { quote: plain })),
    ...(seen === undefined ? [] : passage(page, 'seen', { quote: seen })),
    ...passage(page, 'not_known'),
    ...unknowns
      .filter(([, isUnknown]) => isUnknown)
      .flatMap(([id]) => passage(page, id).map((item) => ({ item }))),
    ...passage(page, 'cannot_say'),
  ]
}

function windowBlock(page: Page): Draft {
  const { detected_on: detected, hold_reason: held, objective, ongoing } = brief(page)
  const { facts } = page.statement
  const { window_from: from, window_to: to } = facts.window_from === undefined ? brief(page) : facts
  const days = { from: date(page, from ?? ''), to: to === undefined ? '' : date(page, to) }
  const sought = facts.sought.filter((thing) => thing !== 'unknown')
  return [
    ...passage(page, to === undefined ? 'window_from' : 'window_from_to', days),
    word(page, 'ongoing', ongoing),
    ...passage(page, 'detected', { detected_on: date(page, detected) }),
    ...(held === undefined
      ? []
      : passage(page, 'held', { reason: word(page, 'hold_reason', held) })),
    ...(objective === 'unknown' ? [] : [word(page, 'objective', objective)]),
    ...(sought.length === 0
      ? []
      : passage(page, 'sought', { sought: list(page, 'sought', sought) })),
  ]
}

function helpBlock(page: Page): Draft {
  return [
    ...(isWithdrawal(page) ? [] : passage(page, 'help_intro')),
    ...brief(page).help.map(({ contact, hours, kind, languages, name }) => ({
      item: phrase(page, 'help_route', {
        contact: contactLine(page, contact),
        hours: hoursLine(page, hours),
        kind: word(page, 'help_kind', kind),
        languages: languageNames(page, languages),
        name,
      }),
    })),
    ...passage(page, 'help_after'),
  ]
}

/** A language that the template has no name for is shown by its tag: help in it must not be kept from those who speak it. */
function languageNames(page: Page, tags: readonly string[]): string {
  const names = page.text.words['language'] ?? {}
  const separator = phrase(page, 'list_separator')
  return tags.map((tag) => names[wordKey(tag)] ?? tag).join(separator)
}

function toldBlock(page: Page): Draft {
  const { authority, told_others: told } = brief(page)
  const others = told.map((whom) => word(page, 'told_others', whom))
  return [
    ...(others.length === 0 ? passage(page, 'told_nobody') : others),
    word(page, 'authority', authority.told),
    ...(authority.law === undefined
      ? []
      : passage(page, 'law', { law: word(page, 'law', authority.law) })),
  ]
}

function checkBlock(page: Page): Draft {
  const own = 'account' in page.statement.to ? 'check_account' : 'check_mailbox'
  return [
    ...passage(page, own),
    ...checkLines(page).map((item) => ({ item })),
    ...passage(page, 'check_use'),
    ...passage(page, page.voice === 'spoken' ? 'check_all_aloud' : 'check_all'),
    ...passage(page, 'public_sentence'),
  ]
}

function nextBlock(page: Page): Draft {
  const day = { next_update: date(page, brief(page).next_update) }
  return [
    ...(isWithdrawal(page) ? [] : passage(page, 'next_update', day)),
    ...passage(page, 'rights'),
  ]
}

/** All that is shown where somebody else could be looking: a number to call, and when. */
export function safetyDraft(page: Page): Draft {
  const route = brief(page).help.find(({ contact }) => contact.kind === 'phone')
  if (route === undefined) {
    page.missing.push('the brief names no telephone number to call')
    return []
  }
  return [
    ...passage(page, 'safety_call', { phone: phone(page, route.contact.value) }),
    ...passage(page, 'safety_hours', { hours: hoursLine(page, route.hours) }),
  ]
}
