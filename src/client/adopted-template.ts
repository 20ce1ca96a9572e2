import type { Json, JsonObject } from '#core/canonical-json.ts'
import { refuse, type Result } from '#core/result.ts'
import { templateHash } from '#core/template.ts'
import { readTemplate, type Template } from '#wire/assemble-template.ts'
import { parseTemplateManifest } from '#wire/template.ts'
import type { Api } from './http.ts'

/**
 * Fetches a template by its hash, with its text in one language or in all.
 *
 * Nothing of it has to be trusted: `hash` comes from a verified directory or notice. Refuses `not-found`, `language-missing`,
 * `template-invalid`, `notice-template-wrong` where the server gives something else.
 */
export async function fetchTemplate(
  api: Api,
  hash: string,
  language?: string,
): Promise<Result<Template>> {
  const served = await api.readTemplatePart(hash)
  return served.ok ? await withTexts(api, { hash, manifest: served.value }, language) : served
}

/**
 * Fetches the texts of a template that is not adopted yet, to be read before its `template.adopt` is signed.
 *
 * Refuses what `fetchTemplate` refuses.
 */
export async function fetchProposedTemplate(
  api: Api,
  manifest: JsonObject,
): Promise<Result<Template>> {
  return await withTexts(api, { hash: templateHash(manifest), manifest })
}

async function withTexts(
  api: Api,
  template: { readonly hash: string; readonly manifest: Json },
  language?: string,
): Promise<Result<Template>> {
  const manifest = parseTemplateManifest(template.manifest)
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
  return readTemplate(template.hash, { manifest: template.manifest, texts })
}
