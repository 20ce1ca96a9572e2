import type { Json, JsonObject } from '#core/canonical-json.ts'
import type { Facts } from '#core/notice-statement.ts'
import { DEFAULT_ACTIONS, TARGET_STATES } from '#core/notice-vocabulary.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseFacts } from '#wire/notice.ts'

const CELL_CHARACTERS_MAX = 4096
/** Fields that hold one value, and fields that hold several, parted by commas. */
const SINGLE = ['asset', 'seen', 'target_state', 'window_from', 'window_to'] as const
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
 * field parted by commas. Anything else: the sentence `seen`. What is not given takes its default: outcome unknown, an account, what
 * was sought unknown, and the actions that suit the state. Refuses `facts-invalid`, with the field and the reason.
 */
export function parseFactsCell(cell: string): Result<Facts> {
  const text = cell.trim()
  if (text.length > CELL_CHARACTERS_MAX) {
    return refuse('facts-invalid', `more than ${String(CELL_CHARACTERS_MAX)} characters`)
  }
  const given = givenFacts(text)
  return given.ok ? parseFacts(withDefaults(given.value)) : given
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
function withDefaults(given: JsonObject): JsonObject {
  const said = given['target_state'] ?? STATE_UNSAID
  const state = TARGET_STATES.find((known) => known === said) ?? STATE_UNSAID
  const { now, week } = DEFAULT_ACTIONS[state]
  const actionsNow = given['actions_now'] ?? now.filter((id) => !names(given['actions_week'], id))
  return {
    asset: 'account',
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
