import type { Json } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import {
  checkText,
  type TemplateKind,
  type TemplateManifest,
  type TemplateText,
  templateHash,
  textHash,
  wordKey,
} from '#core/template.ts'
import { parseTemplateKind, parseTemplateManifest, parseTemplateText } from './template.ts'

/** A template whose texts are the ones its manifest names. */
export interface Template {
  readonly hash: string
  readonly manifest: TemplateManifest
  readonly texts: ReadonlyMap<string, TemplateText>
}

/**
 * Builds a template from what it can say and its words in each language, as `templateParts` gives them.
 *
 * Every language says the same: each text has words for exactly the values that the kind lists, and the same minutes for each
 * action. Refuses `template-invalid`.
 */
export function assembleTemplate(kindFile: Json, texts: readonly Json[]): Result<Template> {
  const kind = parseTemplateKind(kindFile)
  if (!kind.ok) return kind
  const read: TemplateText[] = []
  for (const json of texts) {
    const text = parseTemplateText(json)
    if (!text.ok) return text
    const fault = textFault(kind.value, text.value)
    if (fault !== undefined) {
      return refuse('template-invalid', `${text.value.language}: ${fault}`)
    }
    read.push(text.value)
  }
  read.sort((a, b) => (a.language < b.language ? -1 : 1))
  const languages = read.map((text) => ({ hash: textHash(text), language: text.language }))
  return joined({ ...kind.value, languages }, read)
}

/**
 * Reads a template as a coalition adopted it. `hash` comes from the verified directory; with it, neither manifest nor texts have
 * to be trusted. Texts may be missing, but none may be foreign. Refuses `template-invalid`, `notice-template-wrong`.
 */
export function readTemplate(
  hash: string,
  adopted: { readonly manifest: Json; readonly texts: readonly Json[] },
): Result<Template> {
  const manifest = parseTemplateManifest(adopted.manifest)
  if (!manifest.ok) return manifest
  if (templateHash(manifest.value) !== hash) return refuse('notice-template-wrong')
  const read: TemplateText[] = []
  for (const json of adopted.texts) {
    const text = parseTemplateText(json)
    if (!text.ok) return text
    read.push(text.value)
  }
  return joined(manifest.value, read)
}

function joined(manifest: TemplateManifest, read: readonly TemplateText[]): Result<Template> {
  const hash = templateHash(manifest)
  const texts = new Map<string, TemplateText>()
  for (const text of read) {
    const checked = checkText({ hash, manifest }, text)
    if (!checked.ok) return checked
    if (texts.has(text.language)) return refuse('template-invalid', 'a language stands there twice')
    texts.set(text.language, text)
  }
  return texts.size === 0
    ? refuse('template-invalid', 'a template without a language')
    : accept({ hash, manifest, texts })
}

function textFault(kind: TemplateKind, text: TemplateText): string | undefined {
  const { audience, version } = kind
  if (text.kind !== kind.kind || text.audience !== audience || text.version !== version)
    return 'another kind, audience or version'
  const tables = Object.keys(kind.fields)
  if (!sameKeys(Object.keys(text.words), tables)) return 'other word lists than the template'
  const incomplete = tables.find(
    (table) => !sameKeys(Object.keys(text.words[table] ?? {}), kind.fields[table] ?? []),
  )
  if (incomplete !== undefined) return `words.${incomplete} lacks a value or has one too many`
  const ids = kind.actions.map(({ id }) => id)
  if (!sameKeys(Object.keys(text.actions), ids)) return 'other actions than the template'
  const wrong = kind.actions.find(
    ({ id, minutes }) => text.actions[wordKey(id)]?.minutes !== minutes,
  )
  return wrong === undefined ? undefined : `other minutes for ${wrong.id}`
}

function sameKeys(keys: readonly string[], values: readonly string[]): boolean {
  return keys.toSorted().join() === values.map(wordKey).toSorted().join()
}
