import { accept, refuse } from '#core/result.ts'
import { assembleTemplate } from '#wire/assemble-template.ts'
import { openOfficer, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { readJson } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import type { Command } from '#cli/output.ts'
import { UsageError } from '#cli/usage-error.ts'

/** `template adopt`: the texts are uploaded first, so that whoever is to sign can read every word. */
export const adopt: Command = async (call) => {
  const files = call.args.list('text')
  if (files.length === 0) throw new UsageError('--text is missing: one file for each language')
  const kind = await readJson(call, call.args.argument(0))
  const texts = await Promise.all(files.map(async (file) => await readJson(call, file)))
  const template = assembleTemplate(kind, texts)
  if (!template.ok) return template
  const { hash, manifest } = template.value
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    if (actor.value.replay.directory.templates.has(hash)) return refuse('template-exists', hash)
    const api = await signIn(actor.value)
    if (!api.ok) return api
    for (const text of template.value.texts.values()) {
      const uploaded = await api.value.uploadTemplateText(text)
      if (!uploaded.ok) return uploaded
    }
    const submitted = await submit(actor.value, 'template.adopt', {
      manifest: { ...manifest },
    })
    if (!submitted.ok) return submitted
    const languages = manifest.languages.map(({ language }) => language).join(', ')
    return accept(
      describeSubmitted(submitted.value, [`template  ${hash}`, `texts     ${languages}`]),
    )
  })
}
