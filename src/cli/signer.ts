import { basename } from 'node:path'
import { existsSync } from 'node:fs'
import { signAct } from '#client/act.ts'
import { publicOf, unlockKey, type UnlockedKey } from '#client/openpgp.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { pathOf, readText } from './files.ts'
import { type Gpg, openGpg } from './gpg.ts'
import { homeFolder, openHome } from './home.ts'
import { openPassphrases, type Passphrases } from './passphrase.ts'
import type { Call } from './output.ts'
import { UsageError } from './usage-error.ts'

/** Somebody who can sign acts: a key file, or a key that only gpg may use. */
export interface Signer {
  /** Primary fingerprint. */
  readonly fingerprint: string
  /** Binary. */
  readonly certificate: Uint8Array
  /** Signs an act: armored. `at` (POSIX seconds) only where the act must be dated. */
  sign(payload: Uint8Array, at?: number): Promise<Result<string>>
  readonly means:
    | { readonly kind: 'file'; readonly key: UnlockedKey }
    | { readonly kind: 'gpg'; readonly gpg: Gpg }
}

/** The signer that `--key` or `--gpg` name. Refuses `key-missing`, `key-malformed`, `passphrase-wrong`. */
export async function openSigner(
  call: Call,
  passphrases: Passphrases = openPassphrases(call),
): Promise<Result<Signer>> {
  const { args, io } = call
  if (args.isGiven('key') && args.isGiven('gpg'))
    throw new UsageError('--key and --gpg exclude each other')
  // What is typed outweighs what the environment says.
  const file = args.isGiven('gpg') ? undefined : args.maybe('key')
  const fingerprint = args.isGiven('key') ? undefined : args.maybe('gpg')
  if (fingerprint !== undefined) {
    const home = args.maybe('gpg-home')
    const asks =
      args.maybe('passphrase-fd') !== undefined || args.maybe('passphrase-file') !== undefined
    const gpg = await openGpg(io, {
      fingerprint,
      home: home === undefined ? undefined : pathOf(call, home),
      passphrases: asks ? passphrases : undefined,
    })
    return gpg.ok ? accept(gpgSigner(gpg.value)) : gpg
  }
  if (file === undefined) throw new UsageError('who signs? Give --key FILE or --gpg FINGERPRINT')
  const key = await openKey(call, file, passphrases)
  return key.ok ? accept(keySigner(key.value)) : key
}

/** Unlocks a key file, given as a path or as a name under the home's `keys`. Asks for a passphrase only where there is one. */
export async function openKey(
  call: Call,
  file: string,
  passphrases: Passphrases,
): Promise<Result<UnlockedKey>> {
  const armored = await readKey(call, file)
  const open = await unlockKey(armored, '')
  if (open.ok || open.refusal.reason !== 'passphrase-wrong') return open
  const passphrase = await passphrases.next(basename(file))
  if (!passphrase.ok) return passphrase
  const unlocked = await unlockKey(armored, passphrase.value)
  return unlocked.ok
    ? unlocked
    : refuse(unlocked.refusal.reason, `the key ${basename(file)} does not open`)
}

/** Reads an armored key. @throws UsageError where there is none. */
async function readKey(call: Call, file: string): Promise<string> {
  if (file === '-' || existsSync(pathOf(call, file))) return await readText(call, file)
  const isName = /^[a-z0-9][a-z0-9._-]{0,100}$/.test(file)
  const kept = isName ? openHome(homeFolder(call)).read('keys', keyName(file)) : undefined
  if (kept === undefined)
    throw new UsageError(
      `there is no key ${file}, neither as a file nor under ${homeFolder(call)}/keys`,
    )
  return kept
}

/** The file that keeps a key of the home: `reporter` is `reporter.asc`. */
export function keyName(name: string): string {
  return name.endsWith('.asc') ? name : `${name}.asc`
}

/** A signer over an unlocked key. */
export function keySigner(key: UnlockedKey): Signer {
  return {
    fingerprint: key.fingerprint,
    certificate: publicOf(key),
    sign: async (payload, at) => await signAct(key, payload, at),
    means: { kind: 'file', key },
  }
}

function gpgSigner(gpg: Gpg): Signer {
  return {
    fingerprint: gpg.fingerprint,
    certificate: gpg.certificate,
    sign: async (payload, at) => await gpg.sign(payload, at),
    means: { kind: 'gpg', gpg },
  }
}
