import { canonicalJson, type JsonObject } from '#core/canonical-json.ts'
import type { Reader, TemplateState } from '#core/decision.ts'
import { sha256Hex } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Storage } from '#ports/storage.ts'
import { loadSubjects } from './load-subjects.ts'

/** A template text is at most this long. */
export const TEMPLATE_BYTES_MAX = 128 * 1024
/** Texts that one party may have uploaded without their being adopted. */
const DRAFTS_MAX = 200

/** Templates that come with the release, by the hash of their canonical JSON. */
export type ShippedTemplates = ReadonlyMap<string, Uint8Array>

/**
 * Keeps a text that a `template.adopt` is to name, for the parties to read before they sign.
 *
 * The caller has checked its form. Refuses `request-malformed` where the hash is another, `bundle-over-quota`, `state-changed`.
 */
export async function uploadTemplateText(
  ports: { readonly storage: Storage },
  text: { readonly party: string; readonly sha256: string; readonly json: JsonObject },
): Promise<Result<void>> {
  if (sha256Hex(canonicalJson(text.json)) !== text.sha256) {
    return refuse('request-malformed', 'the text has another SHA-256')
  }
  const ref = { kind: 'template', id: text.sha256 } as const
  if ((await loadSubjects(ports.storage, () => [ref])).get('template', text.sha256) !== undefined) {
    return accept(undefined)
  }
  const page = { kind: 'template', tag: text.party, after: '', limit: DRAFTS_MAX }
  if ((await ports.storage.listSubjects(page)).length >= DRAFTS_MAX)
    return refuse('bundle-over-quota')
  const state: TemplateState = { adopted: false, json: text.json, party: text.party }
  const outcome = await ports.storage.commit({
    guards: [],
    subjects: [{ ...ref, expected: 0, state: JSON.stringify(state), tag: text.party }],
    acts: [],
    signatures: [],
    records: [],
  })
  return outcome === 'committed' ? accept(undefined) : refuse('state-changed')
}

/**
 * Reads a template manifest or text by the hash of its canonical JSON: shipped or adopted for anybody, uploaded for parties alone.
 *
 * Refuses `not-found`.
 */
export async function readTemplatePart(
  ports: { readonly storage: Storage; readonly templates: ShippedTemplates },
  reader: Reader,
  hash: string,
): Promise<Result<Uint8Array>> {
  const shipped = ports.templates.get(hash)
  if (shipped !== undefined) return accept(shipped)
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'template', id: hash }])
  const part = subjects.get('template', hash)
  if (part === undefined || (!part.adopted && reader.kind !== 'party')) return refuse('not-found')
  return accept(canonicalJson(part.json))
}
