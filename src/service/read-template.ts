import { canonicalJson } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Storage } from '#ports/storage.ts'
import { loadSubjects } from './load-subjects.ts'

/** Templates that come with the release, by the hash of their canonical JSON. */
export type ShippedTemplates = ReadonlyMap<string, Uint8Array>

/** Reads a template manifest or text by the hash of its canonical JSON: shipped, or adopted by act. Refuses `not-found`. */
export async function readTemplatePart(ports: { storage: Storage; templates: ShippedTemplates }, hash: string): Promise<Result<Uint8Array>> {
  const shipped = ports.templates.get(hash)
  if (shipped !== undefined) return accept(shipped)
  const adopted = (await loadSubjects(ports.storage, () => [{ kind: 'template', id: hash }])).get('template', hash)
  return adopted === undefined ? refuse('not-found') : accept(canonicalJson(adopted))
}
