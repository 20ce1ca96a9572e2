import { ACTIONS_NOW_MAX, OWN_WORDS_CHARACTERS_MAX } from '#core/notice-rules.ts'
import type { Facts } from '#core/notice-statement.ts'
import { TARGET_STATES } from '#core/notice-vocabulary.ts'

const WEEK_MAX = 5
const SOUGHT_MAX = 6

/**
 * One recipient's facts from those of two events: the graver one leads, and nothing that was said is left out as long as a notice holds it.
 *
 * What must be done now stays at most three; the rest is for the week. Where one event has days of its own and the other those of the whole
 * attack, the whole attack's hold.
 */
export function foldFacts(first: Facts, second: Facts): Facts {
  const isGraver = rankOf(second) > rankOf(first)
  const [lead, other] = isGraver ? [second, first] : [first, second]
  const now = unique([...lead.actions_now, ...other.actions_now])
  const actionsNow = now.slice(0, ACTIONS_NOW_MAX)
  const week = unique([...now.slice(ACTIONS_NOW_MAX), ...lead.actions_week, ...other.actions_week])
  const sought = unique([...lead.sought, ...other.sought])
  const known = sought.filter((one) => one !== 'unknown')
  const { seen: leadSeen, window_from: _from, window_to: _to, ...rest } = { ...other, ...lead }
  const seen = foldSeen(leadSeen, lead.seen === undefined ? undefined : other.seen)
  const from = lead.window_from !== undefined && other.window_from !== undefined
  const to = lead.window_to !== undefined && other.window_to !== undefined
  const isSilent = 'safety' in rest
  return {
    ...rest,
    actions_now: actionsNow,
    actions_week: week.filter((one) => !actionsNow.includes(one)).slice(0, WEEK_MAX),
    sought: (known.length === 0 ? sought : known).slice(0, SOUGHT_MAX),
    ...(seen === undefined || isSilent ? {} : { seen }),
    ...(from ? { window_from: earlier(lead.window_from, other.window_from) } : {}),
    ...(to ? { window_to: later(lead.window_to, other.window_to) } : {}),
  }
}

function rankOf({ target_state: state }: Facts): number {
  return TARGET_STATES.indexOf(state)
}

function foldSeen(lead: string | undefined, other: string | undefined): string | undefined {
  if (lead === undefined || other === undefined || lead.includes(other)) return lead
  const both = `${lead} ${other}`
  return both.length <= OWN_WORDS_CHARACTERS_MAX ? both : lead
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}

function earlier(a = '', b = ''): string {
  return a < b ? a : b
}

function later(a = '', b = ''): string {
  return a > b ? a : b
}
