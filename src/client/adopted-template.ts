import type { Json } from '#core/canonical-json.ts'
import { refuse, type Result } from '#core/result.ts'
import { readTemplate, type Template } from '#wire/assemble-template.ts'
import { parseTemplateManifest } from '#wire/template.ts'
import type { Api } from './http.ts'

/**
 * Fetches a template by its hash, with its text in one language or in all.
 *
 * Nothing of it has to be trusted: `hash` comes from a verified directory or notice. Refuses `not-found`, `language-missing`, `template-invalid`,
 * `notice-template-wrong` where the server gives something else.
 */
export async function fetchTemplate(
  api: Api,
  hash: string,
  language?: string,
): Promise<Result<Template>> {
  const served = await api.readTemplatePart(hash)
  if (!served.ok) return served
  const manifest = parseTemplateManifest(served.value)
  if (!manifest.ok) return manifest
  const wanted = manifest.value.languages.filter(
    (entry) => language === undefined || entry.language === language,
  )
  if (wanted.length === 0) return refuse('language-missing')
  const texts: Json[] = []
  for (const entry of wanted) {
    const text = await api.readTemplatePart(entry.hash)
    if (!text.ok) return text
    texts.push(text.value)
  }
  return readTemplate(hash, { manifest: served.value, texts })
}
