import { deflateRawSync } from 'node:zlib'
import { base64, concat, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import { writeArmor } from '#core/packets.ts'
import { packetsOf } from '#test/helpers/openpgp-keys.ts'

/** One request of an enemy, and the problem that it is answered with. */
export interface HostileRequest {
  readonly name: string
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly body: Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
  /** Needs the session of a company: an enemy within. */
  readonly within?: true
  readonly reason: string
}

type Refused = Pick<HostileRequest, 'headers' | 'reason'>

const MEGABYTE = 1024 * 1024
/** Parsers refuse shorter ones before they look at anything. */
const BOUNDARY = 'x'.repeat(40)
const FORM_TYPE = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
const COMPRESSED = 8
const ZIP = 1
const ZEROS = '0'.repeat(64)
const MALFORMED = { reason: 'request-malformed' }
const BAD_ARMOR = { reason: 'armor-malformed' }
const BAD_CERTIFICATE = { reason: 'certificate-malformed' }
const BIG_CERTIFICATE = { reason: 'certificate-too-large' }

/** What decompresses to 32 MB, as a compressed packet. */
const BOMB = writePacket(
  COMPRESSED,
  concat(Uint8Array.of(ZIP), deflateRawSync(new Uint8Array(32 * MEGABYTE), { level: 9 })),
)

/** Every request that somebody without a key might try, and some that need one. */
export function hostileRequests(good: {
  readonly certificate: Uint8Array
  /** The payload of an act. */
  readonly act: Uint8Array
}): readonly HostileRequest[] {
  return [
    ...hostileJson(),
    ...hostileActs(good.act),
    ...hostileArmor(good.certificate),
    ...hostileCertificates(good.certificate),
    ...hostilePackets(),
    ...hostileForms(),
    ...hostileUploads(),
  ]
}

function json(name: string, body: string, refused: Refused): HostileRequest {
  const headers = { 'Content-Type': 'application/json' }
  return { method: 'POST', path: '/api/acts', headers, name, body, ...refused }
}

function sealed(payload: Uint8Array, signatures: readonly string[]): string {
  return JSON.stringify({ payload: base64(payload), signatures })
}

function form(name: string, body: string, refused: Refused): HostileRequest {
  return { method: 'POST', path: '/api/acts', headers: FORM_TYPE, name, body, ...refused }
}

function field(name: string, text = ''): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`
}

function certificate(name: string, body: string, refused: Refused): HostileRequest {
  return { method: 'POST', path: '/api/challenges?purpose=mailbox', name, body, ...refused }
}

function key(...packets: readonly Uint8Array[]): string {
  return writeArmor('PGP PUBLIC KEY BLOCK', concat(...packets))
}

function times(count: number, bytes: Uint8Array): Uint8Array {
  return concat(...Array.from({ length: count }, () => bytes))
}

function bundle(name: string, body: Uint8Array | string, refused: Refused): HostileRequest {
  const path = `/api/bundles/${'1'.repeat(64)}?count=1024`
  const range = `bytes 0-${String(body.length - 1)}/${String(body.length)}`
  const headers = { 'Content-Range': range }
  return { method: 'PUT', path, headers, within: true, name, body, ...refused }
}

function brief(name: string, body: Uint8Array): HostileRequest {
  const path = `/api/briefs/${sha256Hex(body)}`
  return { method: 'PUT', path, within: true, name, body, reason: 'envelope-malformed' }
}

function ranged(range: string, reason: string): Refused {
  return { reason, headers: { 'Content-Range': range } }
}

function hostileJson(): readonly HostileRequest[] {
  const keys = Array.from({ length: 60_000 }, (_, i) => `"${String(i)}":0`).join()
  const signatures = Array.from({ length: 20_000 }, () => 'x')
  return [
    json('a body of 20 MB', ' '.repeat(20 * MEGABYTE), { reason: 'request-too-large' }),
    json('JSON of nothing but brackets', '['.repeat(900_000), MALFORMED),
    json('JSON of 60,000 keys', `{${keys}}`, MALFORMED),
    json('JSON with a number of 900,000 digits', '9'.repeat(900_000), MALFORMED),
    json('JSON of 150,000 escapes', `"${'\\u0041'.repeat(150_000)}"`, MALFORMED),
    json('20,000 signatures', sealed(utf8('{}'), signatures), MALFORMED),
  ]
}

function hostileActs(act: Uint8Array): readonly HostileRequest[] {
  const deep = utf8('['.repeat(30_000) + ']'.repeat(30_000))
  const objects = utf8('{"a":'.repeat(10_000))
  const unsorted = Array.from({ length: 6000 }, (_, i) => `"k${String(9000 - i)}":0`).join()
  const long = writeArmor('PGP SIGNATURE', writePacket(TAG.signature, new Uint8Array(90_000)))
  const bomb = writeArmor('PGP SIGNATURE', BOMB)
  const canonical = { reason: 'act-not-canonical' }
  return [
    json('an act of 64 KiB and a byte', sealed(new Uint8Array(65_537), ['x']), {
      reason: 'act-too-large',
    }),
    json('an act of brackets', sealed(deep, ['x']), canonical),
    json('an act of objects within objects', sealed(objects, ['x']), { reason: 'act-not-json' }),
    json('an act of 6,000 keys out of order', sealed(utf8(`{${unsorted}}`), ['x']), canonical),
    json('a signature of 100 KB', sealed(act, [long]), { reason: 'packets-too-large' }),
    json('a signature that decompresses to 32 MB', sealed(act, [bomb]), {
      reason: 'packets-too-large',
    }),
    json('a signature in a thousand packets', sealed(act, [manySignatures()]), {
      reason: 'packets-too-many',
    }),
  ]
}

function manySignatures(): string {
  return writeArmor('PGP SIGNATURE', times(1000, writePacket(TAG.signature, new Uint8Array(8))))
}

function hostileArmor(good: Uint8Array): readonly HostileRequest[] {
  const armored = key(good)
  const letters = armored.replace(/\n\n[\s\S]*\n-----END/, `\n\n${'A\n'.repeat(60_000)}-----END`)
  const headers = armored.replace('\n\n', `\n${'A: b\n'.repeat(10_000)}\n`)
  const begins = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n'.repeat(3000)
  return [
    certificate('4 MB of blank lines before a certificate', '\n'.repeat(4 * MEGABYTE) + armored, {
      reason: 'request-too-large',
    }),
    certificate('120 KB of blank lines and no certificate', '\r\n'.repeat(60_000), BAD_ARMOR),
    certificate('armor of 60,000 lines of one letter', letters, BAD_ARMOR),
    certificate('armor with 10,000 headers', headers, BAD_ARMOR),
    certificate('armor within armor', begins, BAD_ARMOR),
  ]
}

function hostileCertificates(good: Uint8Array): readonly HostileRequest[] {
  const packets = packetsOf(good)
  const part = (tag: number): Uint8Array =>
    packets.find((packet) => packet.tag === tag)?.bytes ?? new Uint8Array()
  const primary = part(TAG.primaryKey)
  const subkeys = times(1000, part(TAG.subkey))
  const signature = part(TAG.signature)
  const userId = writePacket(TAG.userId, utf8('a'))
  const forged = key(primary, part(TAG.userId), times(65, signature))
  const huge = concat(Uint8Array.of(4, 0, 0, 0, 0, 1, 255, 255), new Uint8Array(4000))
  return [
    certificate('a certificate with a thousand subkeys', key(primary, subkeys), BIG_CERTIFICATE),
    certificate(
      'a certificate with four hundred signatures',
      key(good, times(400, signature)),
      BIG_CERTIFICATE,
    ),
    certificate('a certificate with 65 forged self-signatures', forged, BIG_CERTIFICATE),
    certificate(
      'a certificate with a thousand user IDs',
      key(primary, times(1000, userId)),
      BIG_CERTIFICATE,
    ),
    certificate('a certificate that decompresses to 32 MB', key(BOMB), BAD_CERTIFICATE),
    certificate(
      'a key with a number of 65,535 bits',
      key(writePacket(TAG.primaryKey, huge)),
      BAD_CERTIFICATE,
    ),
  ]
}

function hostilePackets(): readonly HostileRequest[] {
  let nested = writePacket(TAG.literal, utf8('x'))
  for (let i = 0; i < 1000; i++) nested = writePacket(COMPRESSED, concat(Uint8Array.of(0), nested))
  const parts = concat(
    Uint8Array.of(0xc0 | TAG.literal),
    times(20_000, Uint8Array.of(224, 0)),
    Uint8Array.of(0),
  )
  const endless = concat(Uint8Array.of(0x9b), new Uint8Array(5000))
  const claiming = Uint8Array.of(0xc6, 255, 255, 255, 255, 255, 4)
  return [
    certificate('a thousand packets within each other', key(nested), BAD_CERTIFICATE),
    certificate('a packet in 20,000 parts of one byte', key(parts), BAD_CERTIFICATE),
    certificate('a packet that claims 4 GB', key(claiming), BAD_CERTIFICATE),
    certificate('a packet of unknown extent', key(endless), BAD_CERTIFICATE),
  ]
}

function hostileForms(): readonly HostileRequest[] {
  const end = `--${BOUNDARY}--\r\n`
  const act = field('act', '{}')
  const open = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="signature"\r\n\r\n`
  const boundary = { 'Content-Type': `multipart/form-data; boundary=${'b'.repeat(8000)}` }
  return [
    form('a form of 8,000 fields', field('signature').repeat(8000) + end, MALFORMED),
    form('a form of 8,000 acts', act.repeat(8000) + end, MALFORMED),
    form('a form with a field name of 900 KB', field('a'.repeat(900_000)) + end, MALFORMED),
    form('a form of line ends', `--${BOUNDARY}\r\n${'\r\n'.repeat(450_000)}${end}`, MALFORMED),
    form('a form of dashes', '-'.repeat(1_000_000), MALFORMED),
    form('a form that does not end', `${act}${open}${'--'.repeat(400_000)}`, MALFORMED),
    form('a form with a boundary of 8 KB', '{}', { ...MALFORMED, headers: boundary }),
    form('7,000 signatures in a form', act + field('signature', 'x').repeat(7000) + end, {
      reason: 'act-body-invalid',
    }),
  ]
}

function hostileUploads(): readonly HostileRequest[] {
  const full = 8 * MEGABYTE
  const bad = { reason: 'bundle-line-invalid' }
  const bomb = `{"mailbox":"${'a'.repeat(32)}","message":"${base64(BOMB)}"}\n`
  const commitment = `{"commitment":"${ZEROS}"}\n`
  return [
    bundle('8 MiB of line ends', new Uint8Array(full).fill(0x0a), bad),
    bundle('8 MiB in one line', `${'a'.repeat(full - 1)}\n`, { reason: 'bundle-line-too-long' }),
    bundle('8 MiB that are not text', new Uint8Array(full).fill(0xff), bad),
    bundle('a line that decompresses to 32 MB', bomb, { reason: 'mailbox-unavailable' }),
    bundle(
      'a bundle that announces 900 TB',
      commitment,
      ranged('bytes 0-81/900000000000000', 'bundle-over-quota'),
    ),
    bundle(
      'a chunk of another length than it says',
      'x\n',
      ranged('bytes 0-99/100', 'request-malformed'),
    ),
    bundle('a chunk from before its beginning', 'x\n', ranged('bytes -1-0/2', 'request-malformed')),
    brief('a brief that decompresses to 32 MB', BOMB),
    brief(
      'a brief of a megabyte of recipients',
      times(20_000, writePacket(TAG.sessionKey, new Uint8Array(40))),
    ),
    {
      method: 'PUT',
      path: `/api/templates/${ZEROS}`,
      within: true,
      name: 'a template of brackets',
      body: '['.repeat(100_000),
      reason: 'act-not-json',
    },
  ]
}
