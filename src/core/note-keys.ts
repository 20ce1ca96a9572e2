import type { CharterTerms } from './act-bodies.ts'
import { hex } from './bytes.ts'
import { KEY_TYPE_COSIGNATURE, KEY_TYPE_ED25519, parseVkey } from './log/note.ts'
import { accept, refuse, type Result } from './result.ts'

/**
 * Checks the keys of a charter's log and witnesses: one that nobody can read, or that stands for two, would leave every receipt unprovable.
 *
 * Refuses with `vkey-malformed`.
 */
export function checkNoteKeys(origin: string, terms: CharterTerms): Result<void> {
  const log = parseVkey(terms.log_key)
  if (!log.ok) return log
  if (log.value.name !== origin || log.value.type !== KEY_TYPE_ED25519)
    return refuse('vkey-malformed')
  // Whoever holds one key, or signs under one name, is one witness; and the log is none of its own.
  const taken = new Set([origin, hex(log.value.publicKey)])
  for (const text of terms.witnesses.keys) {
    const witness = parseVkey(text)
    if (!witness.ok) return witness
    const { name, publicKey, type } = witness.value
    const own = [name, hex(publicKey)]
    if (type !== KEY_TYPE_COSIGNATURE || own.some((id) => taken.has(id)))
      return refuse('vkey-malformed')
    for (const id of own) taken.add(id)
  }
  return accept(undefined)
}
