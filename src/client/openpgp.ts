import {
  type AnyPacket,
  createMessage,
  decryptKey,
  encrypt,
  generateKey,
  LiteralDataPacket,
  Message,
  OnePassSignaturePacket,
  PacketList,
  type PrivateKey,
  readMessage,
  readPrivateKey,
  sign,
} from 'openpgp'
import { concat, fromUtf8, utf8 } from '#core/bytes.ts'
import { readCanonical } from '#core/canonical-json.ts'
import { MAILBOX_USER_ID } from '#core/certificate-kind.ts'
import { chooseEncryptionKey } from '#core/encryption-key.ts'
import { OPENPGP_CONFIG, readSignature } from '#core/openpgp.ts'
import {
  isSignedMessage,
  messageRecipients,
  readArmor,
  readLiteral,
  RECIPIENTS_MAX,
  writeArmor,
} from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { keyIdOf } from '#core/signature-packet.ts'
import { DAY_SECONDS, midnightOf } from '#core/time.ts'
import { SigningSecret } from './signing-secret.ts'

export { readSignedEntity, type SignedEntity, signerOf } from './signed-entity.ts'

/** A key pair that was just made. */
export interface GeneratedKey {
  /** Protected by the passphrase, unless the caller asked for none. */
  readonly privateArmored: string
  readonly publicBytes: Uint8Array
  /** Closes the key for ever when it is published; to be kept apart from the key. */
  readonly revocationArmored: string
}

/** An empty passphrase must be asked for by name. */
export interface Protection {
  readonly passphrase: string
  readonly unprotected?: boolean
}

/** When a signature says that it was made, in POSIX seconds; now where it is left out. */
export interface SigningTime {
  readonly at?: number
}

const REDACTED = '[REDACTED]'
const PRIVATE_KEY_CHARACTERS_MAX = 256 * 1024
const EPOCH = new Date(0)
const ACT_START = utf8('{"at":')
const ENTITY_START = utf8('Content-Type:')
const ANSWER = /^[0-9a-f]{64}\n$/u
const SESSION_KEY_BYTES = 32

let hold: (key: PrivateKey) => UnlockedKey
let reveal: (unlocked: UnlockedKey) => PrivateKey

/** A private key that can sign and decrypt. Printing or serialising it shows nothing of it. */
export class UnlockedKey {
  readonly #key: PrivateKey
  /** Of the primary key, lower-case hex. */
  readonly fingerprint: string
  /** Whether this is a mailbox key, which dates everything midnight. */
  readonly isMailbox: boolean

  private constructor(key: PrivateKey) {
    this.#key = key
    this.fingerprint = key.getFingerprint()
    this.isMailbox = key.getUserIDs().join('\n') === MAILBOX_USER_ID
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  /** What Node prints for it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }

  static {
    hold = (key) => new UnlockedKey(key)
    reveal = (unlocked) => unlocked.#key
  }
}

/**
 * Makes the key of an officer: version 4, Ed25519 and Curve25519 in the form that every OpenPGP program reads.
 *
 * @throws TypeError for an empty passphrase that was not asked for.
 */
export async function generateOfficerKey(
  options: { userId: { name: string; email?: string }; date?: number } & Protection,
): Promise<GeneratedKey> {
  return await generate(options.userId, options.date ?? now(), options)
}

/**
 * Makes the key of a mailbox: its one user ID is `mailbox`, and everything in it is dated the given midnight.
 *
 * @throws TypeError where `midnight` is not a midnight UTC, or for an empty passphrase that was not asked for.
 */
export async function generateMailboxKey(
  options: { midnight: number } & Protection,
): Promise<GeneratedKey> {
  if (options.midnight % DAY_SECONDS !== 0) throw new TypeError('a mailbox key is dated midnight')
  return await generate({ name: MAILBOX_USER_ID }, options.midnight, options)
}

/** Unlocks an armored private key. Refuses `key-malformed`, `passphrase-wrong`. */
export async function unlockKey(
  privateArmored: string,
  passphrase: string,
): Promise<Result<UnlockedKey>> {
  if (privateArmored.length > PRIVATE_KEY_CHARACTERS_MAX) return refuse('key-malformed')
  let locked: PrivateKey
  try {
    locked = await readPrivateKey({ armoredKey: privateArmored, config: OPENPGP_CONFIG })
  } catch {
    return refuse('key-malformed')
  }
  if (locked.isDecrypted()) return accept(hold(locked))
  try {
    return accept(
      hold(await decryptKey({ privateKey: locked, passphrase, config: OPENPGP_CONFIG })),
    )
  } catch {
    return refuse('passphrase-wrong')
  }
}

/** The certificate of a private key, binary. */
export function publicOf(key: UnlockedKey): Uint8Array {
  return reveal(key).toPublic().write()
}

/**
 * Signs an act or a MIME entity: an armored detached signature of type 0x00.
 *
 * @throws TypeError for any other bytes, and where a mailbox key would sign at another time than midnight: a key that signs whatever it is
 * given signs, one day, what its owner never saw.
 */
export async function signDetached(
  key: UnlockedKey,
  payload: Uint8Array,
  time: SigningTime = {},
): Promise<string> {
  if (!startsWith(payload, ENTITY_START) && !isAct(payload)) {
    throw new TypeError('only acts and MIME entities are signed')
  }
  const signature = await sign({
    message: await createMessage({ binary: payload, date: EPOCH, format: 'binary' }),
    signingKeys: reveal(key),
    detached: true,
    format: 'binary',
    date: signingDate(key, time),
    config: OPENPGP_CONFIG,
  })
  const read = readSignature(signature)
  if (!read.ok) throw new Error(`the signature just made is refused: ${read.refusal.reason}`)
  return writeArmor('PGP SIGNATURE', read.value.packet)
}

/**
 * Signs a MIME entity inline, in the form that `gpg --sign -z 0` writes, but without file name and date.
 *
 * @throws TypeError for other bytes, for a key of version 6, which `gpg` cannot read inside a message, and for a time of day with a mailbox key.
 */
export async function signEntity(
  key: UnlockedKey,
  entity: Uint8Array,
  time: SigningTime = {},
): Promise<Uint8Array> {
  if (!startsWith(entity, ENTITY_START)) throw new TypeError('only MIME entities are signed inline')
  const signed = await sign({
    message: await createMessage({ binary: entity, date: EPOCH, format: 'binary' }),
    signingKeys: messageKey(key),
    format: 'binary',
    date: signingDate(key, time),
    config: OPENPGP_CONFIG,
  })
  if (!isSignedMessage(signed)) throw new Error('the message just signed has another shape')
  return signed
}

/** The secret with which `signEntity` would sign; `undefined` where it is not Ed25519. @throws as `signEntity`. */
export async function signingSecret(
  key: UnlockedKey,
  time: SigningTime = {},
): Promise<SigningSecret | undefined> {
  const date = signingDate(key, time)
  const chosen = await messageKey(key).getSigningKey(undefined, date, undefined, OPENPGP_CONFIG)
  return 'privateParams' in chosen.keyPacket ? SigningSecret.of(chosen.keyPacket) : undefined
}

/**
 * Encrypts a signed message to one certificate: decrypting yields exactly the bytes given.
 *
 * `at` is when, in POSIX seconds, the certificate must be valid. @throws as `encryptForMany`.
 */
export async function encryptTo(
  certificate: Uint8Array,
  signedMessage: Uint8Array,
  time: SigningTime = {},
): Promise<Uint8Array> {
  return await encryptForMany([certificate], signedMessage, time)
}

/**
 * Encrypts a signed message to several certificates at once, so that all of them see that the others can read it.
 *
 * @throws TypeError where the bytes are not a signed message, or for no or more than 64 recipients; Error where a certificate cannot be
 * encrypted to, which `inspectCertificate` tells beforehand.
 */
export async function encryptForMany(
  certificates: readonly Uint8Array[],
  signedMessage: Uint8Array,
  time: SigningTime = {},
): Promise<Uint8Array> {
  if (!isSignedMessage(signedMessage)) throw new TypeError('only signed messages are encrypted')
  const packets = new PacketList<AnyPacket>()
  // The bytes go in as they are: parsing and writing them again could change what a commitment was made over.
  packets.write = () => signedMessage
  return await encryptMessage(certificates, new Message<Uint8Array>(packets), time)
}

/**
 * Encrypts bytes that nobody signs to several certificates: what somebody reports who has no key.
 *
 * @throws TypeError for no or more than 64 recipients; Error where a certificate cannot be encrypted to.
 */
export async function encryptUnsigned(
  certificates: readonly Uint8Array[],
  bytes: Uint8Array,
  time: SigningTime = {},
): Promise<Uint8Array> {
  const message = await createMessage({ binary: bytes, date: EPOCH, format: 'binary' })
  return await encryptMessage(certificates, message, time)
}

async function encryptMessage(
  certificates: readonly Uint8Array[],
  message: Message<Uint8Array>,
  time: SigningTime,
): Promise<Uint8Array> {
  if (certificates.length === 0 || certificates.length > RECIPIENTS_MAX) {
    throw new TypeError('a message has 1 to 64 recipients')
  }
  const sentAt = time.at ?? now()
  const recipients = await Promise.all(
    certificates.map(async (bytes) => await chooseEncryptionKey(bytes, sentAt)),
  )
  const isVersion6 = recipients.every(({ certificate }) => certificate.life.version === 6)
  return await encrypt({
    message,
    encryptionKeys: recipients.map(({ certificate }) => certificate.key),
    encryptionKeyIDs: recipients.map(({ keyId }) => keyId),
    // A session key without an AEAD algorithm asks for version 1 protection, which gpg and Thunderbird read.
    sessionKey: {
      data: crypto.getRandomValues(new Uint8Array(SESSION_KEY_BYTES)),
      algorithm: 'aes256',
      ...(isVersion6 ? { aeadAlgorithm: 'ocb' as const } : {}),
    },
    format: 'binary',
    date: new Date(Math.max(...recipients.map(({ at }) => at)) * 1000),
    config: OPENPGP_CONFIG,
  })
}

/**
 * Decrypts a message and gives its packets: a signed message, or a literal alone. Nothing is verified.
 *
 * Packet headers are rewritten in their shortest form. Refuses `envelope-malformed` (compressed content included), `envelope-recipient-wrong`.
 */
export async function openMessage(
  key: UnlockedKey,
  message: Uint8Array,
): Promise<Result<Uint8Array>> {
  const recipients = messageRecipients(message)
  if (!recipients.ok) return recipients
  const privateKey = reveal(key)
  const mine = privateKey.getKeys().map((part) => part.getFingerprint())
  const isMine = mine.some((own) =>
    recipients.value.some((name) => name === own || name === keyIdOf(own)),
  )
  if (!isMine) return refuse('envelope-recipient-wrong')
  try {
    const sealed = await readMessage({ binaryMessage: message, config: OPENPGP_CONFIG })
    const opened = await sealed.decrypt(
      [privateKey],
      undefined,
      undefined,
      new Date(now() * 1000),
      OPENPGP_CONFIG,
    )
    const isPlain = opened.packets.every(
      (packet) => packet instanceof OnePassSignaturePacket || packet instanceof LiteralDataPacket,
    )
    if (!isPlain) return refuse('envelope-malformed')
    // The library holds back the packets after the literal until signatures are asked for.
    const signatures = await Promise.all(
      (await opened.verify([], EPOCH, OPENPGP_CONFIG)).map(
        async ({ signature }) => await signature,
      ),
    )
    return accept(
      concat(opened.packets.write(), ...signatures.map(({ packets }) => packets.write())),
    )
  } catch {
    return refuse('envelope-malformed')
  }
}

/**
 * Decrypts a challenge and gives the hex that answers it, if its plaintext is exactly the one expected.
 *
 * Whatever else a server sends gets `challenge-wrong` and not a word more, or it could have other people's notices read to it.
 */
export async function answerChallenge(
  key: UnlockedKey,
  message: string | Uint8Array,
  expected: { origin: string; purpose: string; fingerprint: string },
): Promise<Result<string>> {
  const wrong = refuse('challenge-wrong')
  const bytes = typeof message === 'string' ? readArmor(message, 'PGP MESSAGE') : accept(message)
  if (!bytes.ok || expected.fingerprint !== key.fingerprint) return wrong
  const opened = await openMessage(key, bytes.value)
  const literal = opened.ok ? readLiteral(opened.value) : opened
  const text = literal.ok ? fromUtf8(literal.value) : undefined
  const start = `dunant-challenge-v1\n${expected.origin}\n${expected.purpose}\n${expected.fingerprint}\n`
  if (text?.startsWith(start) !== true) return wrong
  const answer = text.slice(start.length)
  return ANSWER.test(answer) ? accept(answer.trimEnd()) : wrong
}

async function generate(
  userId: { name: string; email?: string },
  date: number,
  { passphrase, unprotected }: Protection,
): Promise<GeneratedKey> {
  if (passphrase === '' && unprotected !== true) throw new TypeError('a passphrase is missing')
  const pair = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: userId,
    passphrase,
    date: new Date(date * 1000),
    format: 'object',
    config: OPENPGP_CONFIG,
  })
  return {
    privateArmored: pair.privateKey.armor(OPENPGP_CONFIG),
    publicBytes: pair.publicKey.write(),
    revocationArmored: pair.revocationCertificate,
  }
}

function messageKey(key: UnlockedKey): PrivateKey {
  const signingKey = reveal(key)
  if (signingKey.keyPacket.version === 4) return signingKey
  throw new TypeError('messages are signed by version 4 keys')
}

function signingDate(key: UnlockedKey, { at }: SigningTime): Date {
  const seconds = at ?? (key.isMailbox ? midnightOf(now()) : now())
  if (key.isMailbox && seconds % DAY_SECONDS !== 0) {
    throw new TypeError('a mailbox key signs at midnight')
  }
  return new Date(seconds * 1000)
}

function isAct(payload: Uint8Array): boolean {
  return startsWith(payload, ACT_START) && readCanonical(payload).ok
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte)
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
