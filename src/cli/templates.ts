import { fetchTemplate } from '#client/adopted-template.ts'
import type { Api } from '#client/http.ts'
import type { Directory } from '#core/directory.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { templateName } from '#core/template.ts'
import type { Template } from '#wire/assemble-template.ts'

/** The templates that come with this version, for working offline. */
export async function shippedTemplates(): Promise<readonly Template[]> {
  const entry = await import('#entry/templates.ts')
  return entry.shippedTemplates()
}

/** A template by its name (`device/organisation`), by its kind alone for a person (`device`), or by its hash. */
export function templateNamed(templates: readonly Template[], named: string): Template | undefined {
  const name = named.includes('/') ? named : `${named}/person`
  return templates.find(({ hash, manifest }) => hash === named || templateName(manifest) === name)
}

/** An adopted template by its name (`account`, `device/organisation`) or hash. Refuses `template-unknown` where the coalition has not adopted it. */
export async function adoptedTemplate(
  named: string,
  directory: Directory,
  api: Api | undefined,
): Promise<Result<Template>> {
  const shipped = await shippedTemplates()
  const known = templateNamed(shipped, named)
  const hash = known?.hash ?? (/^[0-9a-f]{64}$/.test(named) ? named : undefined)
  if (hash === undefined)
    return refuse(
      'template-unknown',
      `this version has ${shipped.map(({ manifest }) => templateName(manifest)).join(', ')}`,
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
