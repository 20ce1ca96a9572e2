import { readTemplateFiles } from '#templates'
import { canonicalJson } from '#core/canonical-json.ts'
import { assembleTemplate } from '#wire/assemble-template.ts'

/**
 * The templates that come with the release, each manifest and text under the hash of its canonical JSON.
 *
 * @throws Error when a template does not hold together: a release with a broken template must not start.
 */
export function shippedTemplates(): ReadonlyMap<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>()
  for (const { kind, texts } of readTemplateFiles()) {
    const template = assembleTemplate(kind, texts)
    if (!template.ok)
      throw new Error(
        `a shipped template does not hold together: ${template.refusal.detail ?? template.refusal.reason}`,
      )
    const { hash, manifest, texts: assembled } = template.value
    parts.set(hash, canonicalJson(manifest))
    for (const entry of manifest.languages) {
      const text = assembled.get(entry.language)
      if (text !== undefined) parts.set(entry.hash, canonicalJson(text))
    }
  }
  return parts
}

/** Hashes of the templates that come with the release, ascending: what a charter adopts from the start. */
export function shippedTemplateHashes(): readonly string[] {
  return readTemplateFiles()
    .map(({ kind, texts }) => {
      const template = assembleTemplate(kind, texts)
      if (!template.ok) throw new Error('a shipped template does not hold together')
      return template.value.hash
    })
    .toSorted()
}
