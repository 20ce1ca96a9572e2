import { readTemplateFiles } from '#templates'
import { canonicalJson } from '#core/canonical-json.ts'
import type { Template } from '#wire/assemble-template.ts'
import { assembleTemplates } from '#wire/template-sources.ts'

let assembled: readonly Template[] | undefined

/**
 * The templates that come with the release, assembled once.
 *
 * @throws Error when a template does not hold together: a release with a broken template must not start.
 */
export function shippedTemplates(): readonly Template[] {
  if (assembled !== undefined) return assembled
  const templates = assembleTemplates(readTemplateFiles())
  if (!templates.ok)
    throw new Error(
      `a shipped template does not hold together: ${templates.refusal.detail ?? templates.refusal.reason}`,
    )
  assembled = templates.value
  return assembled
}

/**
 * Each manifest and text of the templates that come with the release, under the hash of its canonical JSON.
 *
 * @throws Error when a template does not hold together.
 */
export function shippedTemplateParts(): ReadonlyMap<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>()
  for (const { hash, manifest, texts } of shippedTemplates()) {
    parts.set(hash, canonicalJson(manifest))
    for (const entry of manifest.languages) {
      const text = texts.get(entry.language)
      if (text !== undefined) parts.set(entry.hash, canonicalJson(text))
    }
  }
  return parts
}
