import { base64, concat, fromBase64, fromUtf8, hex, sameBytes, utf8 } from './bytes.ts'
import { hmacSha256 } from './hash.ts'
import { formatAddress, type MailAddress } from './mail-address.ts'
import { bodyOf, readPackets, TAG, writePacket } from './packet-walk.ts'
import {
  messageRecipients,
  readArmor,
  type SignedMessage,
  splitSignedMessage,
  writeArmor,
  writeLiteral,
} from './packets.ts'
import { COLUMNS } from './plain-text.ts'
import { accept, refuse, type Result } from './result.ts'
import { onlyHashed, readSignatureFields, SUBPACKET } from './signature-packet.ts'

/** What stands on the outside of a mail, for every server on its way to read. */
export interface MailHead {
  /** Of the member's own domain. The name is plain text of at most 60 characters. */
  readonly from: { readonly name: string; readonly address: MailAddress }
  readonly to: MailAddress
  /** 64 hex digits, as `mailId` makes them. */
  readonly id: string
  /** POSIX seconds; the mail tells the hour. */
  readonly at: number
  /** The certificate that answers are encrypted to, as `minimalCertificate` gives it. */
  readonly autocrypt?: Uint8Array | undefined
}

const CRLF = '\r\n'
const HOUR_SECONDS = 3600
/** A mail's length tells no more than a multiple of this. */
const PAYLOAD_STEP = 4096
/** What gpg writes for the hash algorithms that a signature may use (RFC 3156 section 5). */
const MICALG: ReadonlyMap<number, string> = new Map([
  [8, 'pgp-sha256'],
  [9, 'pgp-sha384'],
  [10, 'pgp-sha512'],
])
const MAIL_ID = /^[0-9a-f]{64}$/
/** Long enough that nobody meets one by chance, short enough for a header. */
const REFERENCE = /^[\w-]{8,128}$/
const NAME_CHARACTERS_MAX = 60
/** What could end a header, start another, or hide in one: control, format and separating characters. */
const UNSEEMLY = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u
const PLAIN_NAME = /^[A-Za-z0-9 ]+$/
/** RFC 2047: 75 characters, of which 12 are frame. */
const ENCODED_WORD_BYTES = 45
/** Autocrypt level 1 lets receivers drop larger headers. */
const AUTOCRYPT_CHARACTERS_MAX = 10_000
const PROOF_MARK = 'dunant-product-v1'
/** In the place of the signed notice, where it can be put together from the parts above. */
const SIGNED_ABOVE = '"="'
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * The id of the mail that brings one notice to one recipient: HMAC-SHA-256 of the act id and the recipient's reference under the relay's key.
 *
 * The same notice for the same recipient always has the same id, so that mail servers and readers see a repetition as one; without the key
 * nobody can tell who was written to. @throws TypeError for ids that are not of their form.
 */
export function mailId(
  key: Uint8Array,
  of: { readonly act: string; readonly reference: string },
): string {
  if (!MAIL_ID.test(of.act) || !REFERENCE.test(of.reference))
    throw new TypeError('not an act id and a reference')
  return hex(hmacSha256(key, utf8(of.act + of.reference)))
}

/**
 * Composes what is encrypted: the entity of a signed notice with its own signature, as RFC 3156 section 6.1 nests them, and behind the last
 * boundary the product file, by which the mail proves what a notice in the product proves.
 *
 * Nothing is signed anew: the signature is the one that the line of the bundle commits to. The entity stays the cryptographic payload of RFC
 * 9788, so its own subject is the protected one. The product file is in the epilogue, which no program shows (RFC 2046 section 5.1.1), since a
 * notice has nothing to open. Refuses `notice-malformed`.
 *
 * @param signed what `gpg --sign -z 0` makes of the entity
 * @param product the text of the product file
 */
export function composePayload(signed: Uint8Array, product: string): Result<Uint8Array> {
  const parts = splitSignedMessage(signed)
  if (!parts.ok) return parts
  const { content, signature } = parts.value
  const algorithm = MICALG.get(readSignatureFields(signature)?.hashAlgorithm ?? 0)
  const notice = boundaryOf(content)
  if (algorithm === undefined || notice === undefined) return refuse('notice-malformed')
  const boundary = `signed-${notice}`
  const armored = writeArmor('PGP SIGNATURE', writePacket(TAG.signature, signature))
  const head = lines(
    `Content-Type: multipart/signed; micalg="${algorithm}"; protected-headers="v1";`,
    ` protocol="application/pgp-signature"; boundary="${boundary}"`,
    ...subjectLines(content),
    '',
    `--${boundary}`,
  )
  const tail = lines(
    '',
    `--${boundary}`,
    'Content-Type: application/pgp-signature; name="signature.asc"',
    'Content-Description: OpenPGP digital signature',
    'Content-Disposition: attachment; filename="signature.asc"',
    '',
    armored.trimEnd().replaceAll('\n', CRLF),
    '',
    `--${boundary}--`,
    PROOF_MARK,
    ...folded(base64(utf8(withoutSigned(product, signed, parts.value)))),
    '',
  )
  const whole = concat(utf8(head), content, utf8(tail))
  const padded = new Uint8Array(Math.ceil(whole.length / PAYLOAD_STEP) * PAYLOAD_STEP).fill(0x20)
  padded.set(whole)
  for (let end = padded.length; end - 2 >= whole.length; end -= COLUMNS + 2)
    padded.set([0x0d, 0x0a], end - 2)
  return accept(padded)
}

/** Finds the product file in a mail that was decrypted: its text. Refuses `notice-malformed`. */
export function readProof(decrypted: Uint8Array): Result<string> {
  const absent = refuse('notice-malformed', 'the mail holds no product file')
  const text = fromUtf8(decrypted)?.replaceAll(/\r?\n/g, CRLF)
  const found = text?.split(`${CRLF}${PROOF_MARK}${CRLF}`) ?? []
  const [mime, proof] = found
  if (found.length !== 2 || mime === undefined || proof === undefined) return absent
  const encoded = proof.split(`${CRLF}${CRLF}`)[0]?.replaceAll(CRLF, '') ?? ''
  const product = fromUtf8(fromBase64(encoded) ?? new Uint8Array())
  if (product === undefined || product === '') return absent
  if (!product.includes(SIGNED_ABOVE)) return accept(product)
  const signed = signedIn(mime)
  return signed === undefined
    ? absent
    : accept(product.replace(SIGNED_ABOVE, () => `"${base64(signed)}"`))
}

/** The signed notice that the parts of a mail are made of; `undefined` where they are not there. */
function signedIn(mime: string): Uint8Array | undefined {
  const boundary = /^Content-Type: multipart\/signed;[^]*?boundary="(signed-[0-9a-f]{32})"/.exec(
    mime,
  )?.[1]
  const [, entity, rest] = mime.split(new RegExp(`\r\n--${boundary ?? '-'}(?:--)?(?:\r\n|$)`))
  const armor = rest?.slice(Math.max(0, rest.indexOf('-----BEGIN')))
  const packet = readArmor(armor ?? '', 'PGP SIGNATURE')
  const [signature] = packet.ok ? (readPackets(packet.value) ?? []) : []
  if (entity === undefined || !packet.ok || signature === undefined) return undefined
  return joined({ content: utf8(entity), signature: bodyOf(packet.value, signature) })
}

/** A signed notice from its two parts, in the one form that our own programs write. */
function joined({ content, signature }: SignedMessage): Uint8Array | undefined {
  const fields = readSignatureFields(signature)
  const issuer = fields === undefined ? undefined : onlyHashed(fields, SUBPACKET.issuer)
  if (fields === undefined || issuer === undefined) return undefined
  const { hashAlgorithm, keyAlgorithm, type } = fields
  const onePass = Uint8Array.of(3, type, hashAlgorithm, keyAlgorithm, ...issuer.slice(-8), 1)
  return concat(
    writePacket(TAG.onePass, onePass),
    writeLiteral(content),
    writePacket(TAG.signature, signature),
  )
}

/** The signed notice stands in the mail already, and half of it twice over in base64 would be most of the mail. */
function withoutSigned(product: string, signed: Uint8Array, parts: SignedMessage): string {
  const whole = joined(parts)
  if (whole === undefined || !sameBytes(whole, signed)) return product
  return product.replace(`"${base64(signed)}"`, SIGNED_ABOVE)
}

/**
 * Composes a mail around an encrypted message (RFC 3156 section 4): 7-bit lines ending with CRLF, ready for SMTP.
 *
 * The outside says who writes to whom, in which hour, and that it is encrypted: the subject is the one that the entity inside says stands
 * there (`HP-Outer`). Refuses `envelope-malformed` unless the message is encrypted, and to one key alone, so that no mail can be composed of
 * plaintext; `mail-address-invalid` for a name that could not stand in a header.
 */
export function composeMail(head: MailHead, message: Uint8Array): Result<Uint8Array> {
  const recipients = messageRecipients(message)
  if (!recipients.ok) return recipients
  if (recipients.value.length !== 1) return refuse('envelope-malformed')
  if (!MAIL_ID.test(head.id)) throw new TypeError('not the id of a mail')
  const { from } = head
  const name = displayName(from.name)
  if (name === undefined)
    return refuse('mail-address-invalid', 'the name of the sender cannot stand in a header')
  const boundary = `=_${head.id.slice(0, 40)}`
  return accept(
    utf8(
      lines(
        `From: ${name}${CRLF} <${formatAddress(from.address)}>`,
        `To: <${formatAddress(head.to)}>`,
        'Subject: [...]',
        `Date: ${mailDate(head.at - (head.at % HOUR_SECONDS))}`,
        `Message-ID:${CRLF} <${head.id}@${from.address.domain}>`,
        'Auto-Submitted: auto-generated',
        ...autocryptLines(head),
        'MIME-Version: 1.0',
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";',
        ` boundary="${boundary}"`,
        '',
        'This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)',
        `--${boundary}`,
        'Content-Type: application/pgp-encrypted',
        'Content-Description: PGP/MIME version identification',
        '',
        'Version: 1',
        '',
        `--${boundary}`,
        'Content-Type: application/octet-stream; name="encrypted.asc"',
        'Content-Description: OpenPGP encrypted message',
        'Content-Disposition: inline; filename="encrypted.asc"',
        '',
        writeArmor('PGP MESSAGE', message).trimEnd().replaceAll('\n', CRLF),
        '',
        `--${boundary}--`,
      ),
    ),
  )
}

function lines(...all: readonly string[]): string {
  return all.map((line) => line + CRLF).join('')
}

function folded(text: string): readonly string[] {
  const found: string[] = []
  for (let at = 0; at < text.length; at += COLUMNS) found.push(text.slice(at, at + COLUMNS))
  return found
}

/** The notice id, by which the entity names its own boundary. */
function boundaryOf(entity: Uint8Array): string | undefined {
  const start = fromUtf8(entity.subarray(0, 256).filter((byte) => byte < 0x80)) ?? ''
  return /^Content-Type: multipart\/alternative;\r\n boundary="dunant-([0-9a-f]{32})";/.exec(
    start,
  )?.[1]
}

/** The protected subject as it stands in the entity: programs from before RFC 9788 look for it in the outermost part. */
function subjectLines(entity: Uint8Array): readonly string[] {
  const end = indexOfBlankLine(entity)
  const fields = (fromUtf8(entity.subarray(0, end)) ?? '').split(CRLF)
  const start = fields.findIndex((line) => line.startsWith('Subject: '))
  if (start < 0) return []
  const rest = fields.slice(start + 1)
  const after = rest.findIndex((line) => !line.startsWith(' '))
  return fields.slice(start, after < 0 ? undefined : start + 1 + after)
}

function indexOfBlankLine(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10)
      return at
  }
  return bytes.length
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** RFC 5322 section 3.3, in UTC. */
function mailDate(at: number): string {
  const date = new Date(at * 1000)
  const day = `${WEEKDAYS[date.getUTCDay()] ?? ''}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()] ?? ''}`
  return `${day} ${String(date.getUTCFullYear())} ${two(date.getUTCHours())}:00:00 +0000`
}

/** A name as it may stand before an address: as it is, or as encoded words (RFC 2047). */
function displayName(name: string): string | undefined {
  if (name === '' || name.length > NAME_CHARACTERS_MAX || UNSEEMLY.test(name)) return undefined
  if (PLAIN_NAME.test(name)) return name.trim() === name ? name : undefined
  const words: string[] = []
  let piece = ''
  for (const character of name) {
    if (utf8(piece + character).length > ENCODED_WORD_BYTES) {
      words.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...words, piece].map((word) => `=?UTF-8?B?${base64(utf8(word))}?=`).join(`${CRLF} `)
}

function autocryptLines({ autocrypt, from }: MailHead): readonly string[] {
  if (autocrypt === undefined) return []
  const keydata = folded(base64(autocrypt)).map((line) => ` ${line}`)
  if (keydata.join('').length > AUTOCRYPT_CHARACTERS_MAX) return []
  return [
    `Autocrypt: addr=${formatAddress(from.address)}; prefer-encrypt=mutual;`,
    ' keydata=',
    ...keydata,
  ]
}
