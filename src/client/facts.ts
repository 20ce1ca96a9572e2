import type { Json, JsonObject } from '#core/canonical-json.ts'
import type { Facts } from '#core/notice-statement.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { TemplateKind } from '#core/template.ts'
import { parseFacts } from '#wire/notice.ts'

const CELL_CHARACTERS_MAX = 4096
/** Fields that hold one value, and fields that hold several, parted by commas. */
const SINGLE = ['asset', 'safety', 'seen', 'target_state', 'window_from', 'window_to'] as const
const SEVERAL = ['actions_now', 'actions_week', 'sought'] as const
const FIELDS: readonly string[] = [...SINGLE, ...SEVERAL]
const IS_PAIRS = /^[a-z_]+\s*=/
const PAIR = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/
/** What a filer that says nothing can stand by: the customer was a target. */
const STATE_UNSAID = 'targeted-outcome-unknown'

/**
 * Reads the cell `facts` of a company's customer list.
 *
 * Empty: the defaults. `{…}`: a JSON object with any fields of `Facts`. `field=value; field=value`: the same, several values of one
 * field parted by commas. Anything else: the sentence `seen`. What is not given takes its default: outcome unknown, what was sought
 * unknown, and the asset and actions that the template advises. Refuses `facts-invalid`, with the field and the reason.
 */
export function parseFactsCell(cell: string, template: TemplateKind): Result<Facts> {
  const text = cell.trim()
  if (text.length > CELL_CHARACTERS_MAX) {
    return refuse('facts-invalid', `more than ${String(CELL_CHARACTERS_MAX)} characters`)
  }
  const given = givenFacts(text)
  if (!given.ok) return given
  const facts = parseFacts(withDefaults(given.value, template))
  const fault = facts.ok ? notOffered(facts.value, template) : undefined
  return fault === undefined ? facts : refuse('facts-invalid', fault)
}

/** A value that the template has no words for would be refused for each recipient when the notice is composed. */
function notOffered(facts: Facts, { actions, audience, fields, kind }: TemplateKind) {
  const offered = { ...fields, action: actions.map(({ id }) => id) }
  const used = {
    asset: [facts.asset],
    target_state: [facts.target_state],
    sought: facts.sought.filter((thing) => thing !== 'unknown'),
    action: [...facts.actions_now, ...facts.actions_week],
  }
  for (const [table, values] of Object.entries(used)) {
    const words: readonly string[] =
      Object.entries(offered).find(([name]) => name === table)?.[1] ?? []
    const missing = values.find((value) => !words.includes(value))
    if (missing !== undefined)
      return `the template ${kind}/${audience} has no ${table} ${missing}, only ${words.join(', ')}`
  }
  return undefined
}

function givenFacts(text: string): Result<JsonObject> {
  if (text === '') return accept({})
  if (text.startsWith('{')) return fromJson(text)
  if (IS_PAIRS.test(text)) return fromPairs(text)
  return accept({ seen: oneLine(text) })
}

function fromJson(text: string): Result<JsonObject> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- JSON.parse yields exactly Json
    const value: Json = JSON.parse(text)
    return isObject(value) ? accept(value) : refuse('facts-invalid', 'not a JSON object')
  } catch {
    return refuse('facts-invalid', 'it begins like a JSON object and is none')
  }
}

function fromPairs(text: string): Result<JsonObject> {
  const given: Record<string, string | readonly string[]> = {}
  for (const part of text.split(';').filter((piece) => piece.trim() !== '')) {
    const [, field = '', value = ''] = PAIR.exec(part) ?? []
    if (!FIELDS.includes(field)) {
      return refuse(
        'facts-invalid',
        `between semicolons stand pairs field=value; fields are ${FIELDS.join(', ')}`,
      )
    }
    if (Object.hasOwn(given, field)) return refuse('facts-invalid', `${field} stands there twice`)
    given[field] = SEVERAL.some((name) => name === field) ? listed(value) : oneLine(value)
  }
  return accept(given)
}

/**
 * Fills in what was not said; what was said stays as it is, right or wrong, for `parseFacts` to judge.
 *
 * An action that the filer wants done now is left out of the default for the week.
 */
function withDefaults(
  given: JsonObject,
  { advice, default_asset: asset }: TemplateKind,
): JsonObject {
  const said = given['target_state'] ?? STATE_UNSAID
  const advised = (state: Json) => advice.find((one) => one.state === state)
  const { now = [], week = [] } = advised(said) ?? advised(STATE_UNSAID) ?? {}
  const actionsNow = given['actions_now'] ?? now.filter((id) => !names(given['actions_week'], id))
  return {
    asset,
    sought: ['unknown'],
    ...given,
    target_state: said,
    actions_now: actionsNow,
    actions_week: given['actions_week'] ?? week.filter((id) => !names(actionsNow, id)),
  }
}

function names(list: Json | undefined, id: string): boolean {
  return Array.isArray(list) && list.includes(id)
}

function listed(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
