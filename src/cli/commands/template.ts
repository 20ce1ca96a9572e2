import { accept, refuse, type Result } from '#core/result.ts'
import { templateName } from '#core/template.ts'
import type { Template } from '#wire/assemble-template.ts'
import { assembleTemplates } from '#wire/template-sources.ts'
import { openOfficer, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { withHome } from '#cli/home.ts'
import type { Call, Command } from '#cli/output.ts'
import { readTemplateFolder } from '#cli/template-folder.ts'
import { shippedTemplates, templateNamed } from '#cli/templates.ts'

/** `template adopt`: the texts are uploaded first, so that whoever is to sign can read every word. */
export const adopt: Command = async (call) => {
  const template = await chosen(call)
  if (!template.ok) return template
  const { hash, manifest, texts } = template.value
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    if (actor.value.replay.directory.templates.has(hash)) return refuse('template-exists', hash)
    const api = await signIn(actor.value)
    if (!api.ok) return api
    for (const text of texts.values()) {
      const uploaded = await api.value.uploadTemplateText(text)
      if (!uploaded.ok) return uploaded
    }
    const submitted = await submit(actor.value, 'template.adopt', {
      manifest: { ...manifest },
    })
    if (!submitted.ok) return submitted
    const languages = manifest.languages.map(({ language }) => language).join(', ')
    return accept(
      describeSubmitted(submitted.value, [
        `template  ${templateName(manifest)} ${hash}`,
        `texts     ${languages}`,
      ]),
    )
  })
}

async function chosen(call: Call): Promise<Result<Template>> {
  const folder = call.args.maybe('from')
  const templates =
    folder === undefined
      ? accept(await shippedTemplates())
      : assembleTemplates(await readTemplateFolder(call, folder))
  if (!templates.ok) return templates
  const named = call.args.argument(0)
  const found = templateNamed(templates.value, named)
  return found === undefined
    ? refuse('template-unknown', `there is no ${named}, only ${namesOf(templates.value)}`)
    : accept(found)
}

function namesOf(templates: readonly Template[]): string {
  return templates.map(({ manifest }) => templateName(manifest)).join(', ')
}
