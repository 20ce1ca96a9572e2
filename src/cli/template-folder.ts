import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '#core/canonical-json.ts'
import type { TemplateSources } from '#wire/template-sources.ts'
import { FileError } from '#agent/file-error.ts'
import { codeOf } from '#agent/files.ts'
import { pathOf, readJson } from './files.ts'
import type { Call } from './output.ts'

/** Reads a folder of templates of one's own, laid out like the one that comes with the release (`templates/README.md`). */
export async function readTemplateFolder(call: Call, named: string): Promise<TemplateSources> {
  const folder = pathOf(call, named)
  const sources: Record<string, Record<string, Json>> = {}
  for (const part of listed(folder).filter((entry) => entry.isDirectory())) {
    const files = listed(join(folder, part.name)).filter(({ name }) => name.endsWith('.json'))
    const read: Record<string, Json> = {}
    for (const { name } of files)
      read[name.slice(0, -'.json'.length)] = await readJson(call, join(named, part.name, name))
    sources[part.name] = read
  }
  return sources
}

function listed(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    throw new FileError(`${folder} cannot be read (${codeOf(error)})`)
  }
}
