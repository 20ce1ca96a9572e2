import {
  createMessage,
  decrypt,
  decryptKey,
  encrypt,
  generateKey,
  type PrivateKey,
  readMessage,
  readPrivateKey,
  sign,
} from 'openpgp'
import type { Arithmetic } from '#core/arithmetic.ts'
import { utf8 } from '#core/bytes.ts'
import { chooseEncryptionKey } from '#core/encryption-key.ts'
import {
  inspectCertificate,
  inspectParsed,
  OPENPGP_CONFIG,
  readCertificate,
  readSignature,
  verifySignature,
} from '#core/openpgp.ts'
import { writeArmor } from '#core/packets.ts'
import type { Clock } from '#ports/clock.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'

/** The service key as it is kept, and the clock that dates what it signs. */
export interface ServiceKeyOptions {
  readonly privateKeyArmored: string
  /** Left out where the key is not protected. */
  readonly passphrase?: string
  /** The system's time where it is left out. */
  readonly clock?: Clock
  /** Computes signatures in the place of OpenPGP.js; the outcome is the same without it. */
  readonly arithmetic?: Arithmetic | undefined
}

const EPOCH = new Date(0)
const SESSION_KEY_BYTES = 32

/**
 * Opens the service key.
 *
 * @throws Error where the key cannot be read or unlocked, or is not a key that could sign as the service: the server must not start.
 */
export async function openServiceCrypto(options: ServiceKeyOptions): Promise<ServiceCrypto> {
  const clock = options.clock ?? { now: () => Math.floor(Date.now() / 1000) }
  const key = await unlock(options)
  const certificate = await inspectCertificate(key.toPublic().write(), 'service', clock.now())
  if (!certificate.ok) {
    throw new Error(`the service key is refused: ${certificate.refusal.reason}`)
  }
  const { arithmetic } = options
  return {
    verifySignature: async (args) => await verifySignature(args, arithmetic),
    inspectCertificate: async (bytes, kind, now) => {
      const parsed = await readCertificate(bytes, arithmetic)
      return parsed.ok ? inspectParsed(parsed.value, kind, now) : parsed
    },
    arithmetic,
    serviceCertificate: certificate.value.bytes,
    encryptChallenge: async (recipient, plaintext) =>
      await encryptChallenge(recipient, plaintext, clock.now()),
    signAsService: async (payload) => await signAt(key, payload, clock.now()),
  }
}

/** Makes the key of a coalition's service. Its user ID is `<service@origin>`; the date is in POSIX seconds. */
export async function generateServiceKey(options: {
  origin: string
  date: number
  passphrase?: string
}): Promise<{ privateArmored: string; publicBytes: Uint8Array }> {
  const pair = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: { email: `service@${options.origin}` },
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    date: new Date(options.date * 1000),
    format: 'object',
    config: OPENPGP_CONFIG,
  })
  return {
    privateArmored: pair.privateKey.armor(OPENPGP_CONFIG),
    publicBytes: pair.publicKey.write(),
  }
}

/** Whom something is sealed for: whoever knows a passphrase, or the holder of a certificate. */
export type SealedFor = { readonly passphrase: string } | { readonly certificate: Uint8Array }

/**
 * Encrypts keys that leave the machine: an armored OpenPGP message, which stock gpg opens too.
 *
 * @throws Error where the certificate cannot be read or encrypted to.
 */
export async function sealKeys(text: string, to: SealedFor, now: number): Promise<string> {
  const message = await createMessage({ text, date: EPOCH })
  const config = OPENPGP_CONFIG
  if ('passphrase' in to) return await encrypt({ message, passwords: to.passphrase, config })
  const parsed = await readCertificate(to.certificate)
  if (!parsed.ok) throw new Error('the certificate cannot be read')
  const date = new Date(now * 1000)
  return await encrypt({ message, encryptionKeys: parsed.value.key, date, config })
}

/** Opens what `sealKeys` encrypted with a passphrase; `undefined` where the passphrase is not the one, or the message was changed. */
export async function openSealedKeys(
  armored: string,
  passphrase: string,
): Promise<string | undefined> {
  try {
    const message = await readMessage({ armoredMessage: armored, config: OPENPGP_CONFIG })
    const { data } = await decrypt({ message, passwords: passphrase, config: OPENPGP_CONFIG })
    return data
  } catch {
    return undefined
  }
}

async function unlock({ privateKeyArmored, passphrase }: ServiceKeyOptions): Promise<PrivateKey> {
  const config = OPENPGP_CONFIG
  const privateKey = await readPrivateKey({ armoredKey: privateKeyArmored, config })
  if (privateKey.isDecrypted()) return privateKey
  return await decryptKey({ privateKey, passphrase: passphrase ?? '', config })
}

async function encryptChallenge(
  certificate: Uint8Array,
  plaintext: string,
  now: number,
): Promise<string> {
  return writeArmor('PGP MESSAGE', await encryptLiteral(certificate, utf8(plaintext), now))
}

/**
 * Encrypts bytes to one certificate, unsigned and without name and date.
 *
 * @param now POSIX seconds, when the certificate must be valid
 * @throws Error where the certificate cannot be encrypted to.
 */
export async function encryptLiteral(
  certificate: Uint8Array,
  content: Uint8Array,
  now: number,
): Promise<Uint8Array> {
  const chosen = await chooseEncryptionKey(certificate, now)
  const { key } = chosen.certificate
  const data = crypto.getRandomValues(new Uint8Array(SESSION_KEY_BYTES))
  return await encrypt({
    message: await createMessage({ binary: content, date: EPOCH, format: 'binary' }),
    encryptionKeys: key,
    encryptionKeyIDs: chosen.keyId,
    // Without an AEAD algorithm the protection is of version 1, which gpg reads; version 6 certificates are not for gpg anyway.
    sessionKey: {
      data,
      algorithm: 'aes256',
      ...(key.keyPacket.version === 6 ? { aeadAlgorithm: 'ocb' as const } : {}),
    },
    format: 'binary',
    date: new Date(chosen.at * 1000),
    config: OPENPGP_CONFIG,
  })
}

async function signAt(key: PrivateKey, payload: Uint8Array, at: number): Promise<Uint8Array> {
  const signature = await sign({
    message: await createMessage({ binary: payload, date: EPOCH, format: 'binary' }),
    signingKeys: key,
    detached: true,
    format: 'binary',
    date: new Date(at * 1000),
    config: OPENPGP_CONFIG,
  })
  const read = readSignature(signature)
  if (!read.ok) throw new Error(`the signature just made is refused: ${read.refusal.reason}`)
  return read.value.packet
}
