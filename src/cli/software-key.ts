import type { UnlockedKey } from '#client/openpgp.ts'
import { accept, type Result } from '#core/result.ts'
import type { OfficerActor } from './connection.ts'
import type { Call } from './output.ts'
import type { Passphrases } from './passphrase.ts'
import { openKey } from './signer.ts'
import { UsageError } from './usage-error.ts'

/**
 * The key that signs and opens messages: the signer's own, or where acts are signed through gpg the one that `--reporter-key` names.
 *
 * A card signs one act at a time, with a touch; it cannot sign fifty thousand envelopes.
 */
export async function softwareKey(
  call: Call,
  actor: OfficerActor,
  passphrases: Passphrases,
): Promise<Result<UnlockedKey>> {
  const file = call.args.maybe('reporter-key')
  if (file !== undefined) return await openKey(call, file, passphrases)
  if (actor.signer.means.kind === 'file') return accept(actor.signer.means.key)
  throw new UsageError(
    '--gpg signs acts only; give --reporter-key FILE with a key of an officer of the same party',
  )
}
