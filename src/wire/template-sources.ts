import type { Json, JsonObject } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { AUDIENCES, type Audience, wordKey } from '#core/template.ts'
import { assembleTemplate, type Template } from './assemble-template.ts'

/** The parsed files of a folder of templates: by folder, then by name without `.json`. */
export type TemplateSources = Readonly<Record<string, Readonly<Record<string, Json>>>>

/** The folder that says what each kind of notice offers; every other one is a language. */
const KINDS = 'kinds'
/** The file of a folder that all kinds share. */
const COMMON = 'common'

/**
 * Assembles every template of a folder: each kind for a person and for an organisation, in all languages.
 *
 * Refuses `template-invalid`, naming the template.
 */
export function assembleTemplates(sources: TemplateSources): Result<readonly Template[]> {
  const templates: Template[] = []
  for (const kind of Object.keys(sources[KINDS] ?? {}).filter((name) => name !== COMMON)) {
    for (const audience of AUDIENCES) {
      const { kind: offered, texts } = templateParts(sources, kind, audience)
      const template = assembleTemplate(offered, texts)
      if (!template.ok) {
        const { detail, reason } = template.refusal
        return refuse(reason, `${kind}/${audience}: ${detail ?? reason}`)
      }
      templates.push(template.value)
    }
  }
  return accept(templates)
}

/** What one template can say, and its words in each language, out of the files; `assembleTemplate` judges them. */
export function templateParts(
  sources: TemplateSources,
  kind: string,
  audience: Audience,
): { readonly kind: JsonObject; readonly texts: readonly JsonObject[] } {
  const offered = offeredBy(sources[KINDS] ?? {}, kind, audience)
  const languages = Object.entries(sources).filter(([name]) => name !== KINDS)
  const texts = languages.map(([language, files]) =>
    textOf(offered, language, wordsFor(files, kind, audience)),
  )
  return { kind: offered, texts }
}

function offeredBy(files: TemplateSources[string], kind: string, audience: Audience): JsonObject {
  const common = objectAt(files, COMMON)
  const file = objectAt(files, kind)
  const own = objectAt(file, audience)
  const minutes = objectAt(common, 'actions')
  const advice = Object.entries(objectAt(own, 'advice')).map(([state, advised]): JsonObject => {
    const { now = [], week = [] } = isObject(advised) ? advised : {}
    return { now, state, week }
  })
  const states = Object.keys(objectAt(own, 'advice')).toSorted()
  return {
    actions: listAt(own, 'actions').map((id) => ({ id, minutes: minutes[id] ?? null })),
    advice,
    audience,
    default_asset: own['default_asset'] ?? null,
    fields: {
      ...objectAt(common, 'fields'),
      asset: listAt(own, 'asset'),
      method: listAt(own, 'method'),
      summary: states,
      target_state: states,
    },
    kind,
    v: 1,
    version: file['version'] ?? null,
  }
}

/** The words of a language, the more special over the more general: common, kind, common for the audience, kind for the audience. */
function wordsFor(files: TemplateSources[string], kind: string, audience: Audience): JsonObject {
  const [common, own] = [objectAt(files, COMMON), objectAt(files, kind)]
  const layers = [common, own, objectAt(common, audience), objectAt(own, audience)]
  const {
    organisation: _organisation,
    person: _person,
    ...words
  } = layers.reduce<JsonObject>((below, above) => laidOver(below, above), {})
  return words
}

function laidOver(below: JsonObject, above: JsonObject): JsonObject {
  const merged: Record<string, Json | undefined> = { ...below }
  for (const [key, value] of Object.entries(above)) {
    const under = Object.hasOwn(merged, key) ? merged[key] : undefined
    merged[key] = isObject(under) && isObject(value) ? laidOver(under, value) : value
  }
  return merged
}

/** Leaves out what the kind does not offer, and puts the minutes in that stand in one place for all languages. */
function textOf(offered: JsonObject, language: string, words: JsonObject): JsonObject {
  const { actions = null, audience = null, kind = null, v = null, version = null } = offered
  const fields = objectAt(offered, 'fields')
  const tables = Object.entries(objectAt(words, 'words'))
  return {
    ...words,
    actions: timed(objectAt(words, 'actions'), actions),
    audience,
    kind,
    language: words['language'] === language ? language : null,
    v,
    version,
    words: Object.fromEntries(
      tables.map(([table, entries]) => [table, cut(entries ?? null, listAt(fields, table))]),
    ),
  }
}

function timed(words: JsonObject, actions: Json): JsonObject {
  const offered = isList(actions) ? actions.filter((action) => isObject(action)) : []
  return Object.fromEntries(
    offered.flatMap(({ id, minutes = null }) => {
      const key = typeof id === 'string' ? wordKey(id) : ''
      const action = objectAt(words, key)
      return Object.hasOwn(words, key) ? [[key, { ...action, minutes }]] : []
    }),
  )
}

/** A table that the kind does not know at all stays as it is, to be refused. */
function cut(entries: Json, offered: readonly string[]): Json {
  if (!isObject(entries) || offered.length === 0) return entries
  const keys = new Set(offered.map(wordKey))
  return Object.fromEntries(Object.entries(entries).filter(([key]) => keys.has(key)))
}

function objectAt(from: Readonly<Record<string, Json | undefined>>, key: string): JsonObject {
  const value = Object.hasOwn(from, key) ? from[key] : undefined
  return isObject(value) ? value : {}
}

/** The strings of a list; what else it holds is left for the schema to miss. */
function listAt(from: Readonly<Record<string, Json | undefined>>, key: string): readonly string[] {
  const value = from[key]
  return isList(value) ? value.filter((item) => typeof item === 'string') : []
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
