import { fetchTemplate } from '#client/adopted-template.ts'
import type { Api } from '#client/http.ts'
import { fromUtf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import type { Directory } from '#core/directory.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { readTemplate, type Template } from '#wire/assemble-template.ts'
import { parseTemplateManifest } from '#wire/template.ts'

/** The templates that come with this version, for working offline. */
export async function shippedTemplates(): Promise<readonly Template[]> {
  const entry = await import('#entry/templates.ts')
  const parts = new Map([...entry.shippedTemplates()].map(([hash, bytes]) => [hash, parse(bytes)]))
  return [...parts].flatMap(([hash, manifest]) => {
    const read = parseTemplateManifest(manifest)
    if (!read.ok) return []
    const texts = read.value.languages.map(({ hash: text }) => parts.get(text) ?? null)
    const template = readTemplate(hash, { manifest, texts })
    return template.ok ? [template.value] : []
  })
}

/** An adopted template by its kind (`account`) or hash. Refuses `template-unknown` where the coalition has not adopted it. */
export async function adoptedTemplate(
  named: string,
  directory: Directory,
  api: Api | undefined,
): Promise<Result<Template>> {
  const shipped = await shippedTemplates()
  const known = shipped.find(({ hash, manifest }) => hash === named || manifest.kind === named)
  const hash = known?.hash ?? (/^[0-9a-f]{64}$/.test(named) ? named : undefined)
  if (hash === undefined)
    return refuse(
      'template-unknown',
      `this version has ${shipped.map(({ manifest }) => manifest.kind).join(', ')}`,
    )
  if (!directory.templates.has(hash))
    return refuse('template-unknown', 'the coalition has not adopted this template')
  if (known !== undefined) return accept(known)
  return api === undefined
    ? refuse('template-unknown', 'this version does not have it, and no server was asked')
    : await fetchTemplate(api, hash)
}

/** Finds a template for opening a notice: shipped, or fetched where there is a server to ask. */
export function templateFinder(
  api: Api | undefined,
): (hash: string, language: string) => Promise<Result<Template>> {
  return async (hash, language) => {
    const known = (await shippedTemplates()).find((template) => template.hash === hash)
    if (known !== undefined) return accept(known)
    return api === undefined
      ? refuse(
          'template-unknown',
          'this version does not have the template, and no server was asked',
        )
      : await fetchTemplate(api, hash, language)
  }
}

function parse(bytes: Uint8Array): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
  return JSON.parse(fromUtf8(bytes) ?? 'null') as Json
}
