import {
  generateMailboxKey,
  generateOfficerKey,
  type UnlockedKey,
  unlockKey,
} from '#client/openpgp.ts'
import { utf8 } from '#core/bytes.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { readPackets } from '#core/packet-walk.ts'
import { accepted, DAY, NOW } from '#test/helpers/openpgp-keys.ts'

/** The last midnight UTC. */
export const MIDNIGHT = NOW - (NOW % DAY)
/** Canonical bytes that pass for an act. */
export const ACT = utf8('{"at":"2026-11-23T10:00:00Z","v":1}')
/** A MIME entity with everything that programs like to rewrite. */
export const ENTITY = utf8(
  'Content-Type: text/plain; charset=utf-8\r\n\r\nYour account was attacked — 王.\r\n \r\n- trailing \t\n',
)
/** The coalition. */
export const ORIGIN = 'coalition.example'

/** The kinds of packets in some bytes. */
export function tagsOf(bytes: Uint8Array): number[] {
  return (readPackets(bytes) ?? []).map(({ tag }) => tag)
}

/** An officer's key, a day old. */
export async function officer(
  name = 'Reporter',
): Promise<{ key: UnlockedKey; certificate: Uint8Array }> {
  const made = await generateOfficerKey({
    userId: { name, email: 'reporter@contoso.example' },
    date: NOW - DAY,
    passphrase: '',
    unprotected: true,
  })
  return { key: accepted(await unlockKey(made.privateArmored, '')), certificate: made.publicBytes }
}

/** A mailbox's key, made last midnight. */
export async function mailbox(): Promise<{
  key: UnlockedKey
  certificate: Uint8Array
  privateArmored: string
}> {
  const made = await generateMailboxKey({ midnight: MIDNIGHT, passphrase: '', unprotected: true })
  return {
    key: accepted(await unlockKey(made.privateArmored, '')),
    certificate: made.publicBytes,
    privateArmored: made.privateArmored,
  }
}

/** The keys that a certificate may be encrypted to. */
export async function encryptionKeysOf(certificate: Uint8Array): Promise<readonly string[]> {
  return accepted(await inspectCertificate(certificate, 'officer', NOW)).encryptionKeys
}
