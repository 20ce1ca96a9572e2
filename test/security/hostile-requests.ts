import { deflateRawSync } from 'node:zlib'
import { base64, concat, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import { writeArmor } from '#core/packets.ts'
import { packetsOf } from '#test/helpers/openpgp-keys.ts'

/** One request of an enemy, and the problems that it may be answered with. */
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

const MEGABYTE = 1024 * 1024
const JSON_TYPE = { 'Content-Type': 'application/json' }
const ACTS = { method: 'POST', path: '/api/acts' } as const
const CHALLENGE = { method: 'POST', path: '/api/challenges?purpose=mailbox' } as const
/** Parsers refuse shorter ones before they look at anything. */
const BOUNDARY = 'x'.repeat(40)
const COMPRESSED = 8
const ZIP = 1

/** What decompresses to 32 MB, as a compressed packet. */
const BOMB = writePacket(
  COMPRESSED,
  concat(Uint8Array.of(ZIP), deflateRawSync(new Uint8Array(32 * MEGABYTE), { level: 9 })),
)

/** Every request that somebody without a key might try, and some that need one. `certificate` is a good one. */
export function hostileRequests(certificate: Uint8Array): readonly HostileRequest[] {
  return [...hostileActs(), ...hostileArmor(certificate), ...hostileForms(), ...hostileUploads()]
}

function deep(depth: number, open: string, close: string): Uint8Array {
  return utf8(open.repeat(depth) + close.repeat(depth))
}

function times(count: number, bytes: Uint8Array): Uint8Array {
  return concat(...Array.from({ length: count }, () => bytes))
}

function key(bytes: Uint8Array): string {
  return writeArmor('PGP PUBLIC KEY BLOCK', bytes)
}

function line(message: Uint8Array): Uint8Array {
  return utf8(`{"mailbox":"${'a'.repeat(32)}","message":"${base64(message)}"}\n`)
}

function brief(name: string, body: Uint8Array, reason: string): HostileRequest {
  const path = `/api/briefs/${sha256Hex(body)}`
  return { method: 'PUT', path, within: true, name, body, reason }
}

function challenged(name: string, body: string, reason: string): HostileRequest {
  return { ...CHALLENGE, name, body, reason }
}

function chunk(name: string, body: Uint8Array, reason: string): HostileRequest {
  const last = String(body.length - 1)
  const headers = { 'Content-Range': `bytes 0-${last}/${String(body.length)}` }
  return { ...BUNDLE, name, body, headers, reason }
}

/** One that announces something. */
function announced(name: string, body: string, told: { range: string; reason: string }): HostileRequest {
  const { range, reason } = told
  return { ...BUNDLE, name, body, headers: { 'Content-Range': range }, reason }
}

function json(name: string, body: string, reason: string): HostileRequest {
  return { ...ACTS, headers: JSON_TYPE, name, body, reason }
}

function sealedJson(payload: Uint8Array, signatures: readonly string[]): string {
  return JSON.stringify({ payload: base64(payload), signatures })
}

function hostileActs(): readonly HostileRequest[] {
  const json = { ...ACTS, headers: JSON_TYPE }
  return [
    {
      ...json,
      name: 'a body of 20 MB',
      body: ' '.repeat(20 * MEGABYTE),
      reason: 'request-too-large',
    },
    {
      ...json,
      name: 'JSON of nothing but brackets',
      body: '['.repeat(900_000),
      reason: 'request-malformed',
    },
    {
      ...json,
      name: 'JSON of 60,000 keys',
      body: `{${Array.from({ length: 60_000 }, (_, i) => `"${String(i)}":0`).join()}}`,
      reason: 'request-malformed',
    },
    {
      ...json,
      name: 'JSON with a number of 900,000 digits',
      body: '9'.repeat(900_000),
      reason: 'request-malformed',
    },
    {
      ...json,
      name: 'JSON of 150,000 escapes',
      body: `"${'\\u0041'.repeat(150_000)}"`,
      reason: 'request-malformed',
    },
    {
      ...json,
      name: '20,000 signatures',
      body: sealedJson(
        utf8('{}'),
        Array.from({ length: 20_000 }, () => 'x'),
      ),
      reason: 'request-malformed',
    },
    {
      ...json,
      name: 'an act of 64 KiB and one byte',
      body: sealedJson(new Uint8Array(65_537).fill(0x20), ['x']),
      reason: 'act-too-large',
    },
    {
      ...json,
      name: 'an act of brackets',
      body: sealedJson(deep(30_000, '[', ']'), ['x']),
      reason: 'act-not-canonical',
    },
    {
      ...json,
      name: 'an act of objects within objects',
      body: sealedJson(deep(10_000, '{"a":', '}').slice(0, 60_000), ['x']),
      reason: 'act-not-json',
    },
    {
      ...json,
      name: 'an act of 64 KiB of keys out of order',
      body: sealedJson(
        utf8(`{${Array.from({ length: 6000 }, (_, i) => `"k${String(9000 - i)}":0`).join()}}`),
        ['x'],
      ),
      reason: 'act-not-canonical',
    },
  ]
}

function hostileArmor(certificate: Uint8Array): readonly HostileRequest[] {
  const packets = packetsOf(certificate)
  const part = (tag: number) =>
    packets.find((packet) => packet.tag === tag)?.bytes ?? new Uint8Array()
  const [primary, subkey] = [part(TAG.primaryKey), part(TAG.subkey)]
  const signature = part(TAG.signature)
  const good = key(certificate)
  let nested = writePacket(11, utf8('x'))
  for (let i = 0; i < 1000; i++) nested = writePacket(COMPRESSED, concat(Uint8Array.of(0), nested))
  const partial = concat(
    Uint8Array.of(0xc0 | 11),
    ...Array.from({ length: 20_000 }, () => Uint8Array.of(224, 0)),
    Uint8Array.of(0),
  )
  const malformed = (name: string, body: string): HostileRequest => ({
    ...CHALLENGE,
    name,
    body,
    reason: 'certificate-malformed',
  })
  const tooLarge = (name: string, body: string): HostileRequest => ({
    ...CHALLENGE,
    name,
    body,
    reason: 'certificate-too-large',
  })
  return [
    {
      ...CHALLENGE,
      name: '4 MB of blank lines before a certificate',
      body: '\n'.repeat(4 * MEGABYTE) + good,
      reason: 'request-too-large',
    },
    {
      ...CHALLENGE,
      name: '120 KB of blank lines and no certificate',
      body: '\r\n'.repeat(60_000),
      reason: 'armor-malformed',
    },
    {
      ...CHALLENGE,
      name: 'armor of 60,000 lines of one letter',
      body: good.replace(/\n\n[\s\S]*\n-----END/, `\n\n${'A\n'.repeat(60_000)}-----END`),
      reason: 'armor-malformed',
    },
    {
      ...CHALLENGE,
      name: 'armor with 10,000 headers',
      body: good.replace('\n\n', `\n${'A: b\n'.repeat(10_000)}\n`),
      reason: 'armor-malformed',
    },
    {
      ...CHALLENGE,
      name: 'armor within armor',
      body: `${'-----BEGIN PGP PUBLIC KEY BLOCK-----\n'.repeat(3000)}`,
      reason: 'armor-malformed',
    },
    tooLarge('a certificate with a thousand subkeys', key(concat(primary, times(1000, subkey)))),
    tooLarge(
      'a certificate with four hundred signatures',
      key(concat(certificate, times(400, signature))),
    ),
    tooLarge(
      'a certificate with 65 forged self-signatures',
      key(concat(...packets.slice(0, 2).map(({ bytes }) => bytes), times(65, signature))),
    ),
    tooLarge(
      'a certificate with a thousand user IDs',
      key(concat(primary, times(1000, writePacket(TAG.userId, utf8('a'))))),
    ),
    malformed('a certificate that decompresses to 32 MB', key(BOMB)),
    malformed('a thousand packets within each other', key(nested)),
    malformed('a packet in 20,000 parts of one byte', key(partial)),
    malformed('a packet that claims 4 GB', key(Uint8Array.of(0xc6, 255, 255, 255, 255, 255, 4))),
    malformed('a packet of unknown extent', key(concat(Uint8Array.of(0x9b), new Uint8Array(5000)))),
    malformed(
      'a key with a number of 65,535 bits',
      key(
        writePacket(
          TAG.primaryKey,
          concat(Uint8Array.of(4, 0, 0, 0, 0, 1, 255, 255), new Uint8Array(4000)),
        ),
      ),
    ),
    {
      method: 'POST',
      path: `/api/acts/${'0'.repeat(64)}/signatures`,
      name: 'a signature of 100 KB',
      body: writeArmor('PGP SIGNATURE', writePacket(TAG.signature, new Uint8Array(90_000))),
      reason: 'signature-not-accepted',
    },
    {
      ...ACTS,
      headers: JSON_TYPE,
      name: 'a signature that decompresses to 32 MB',
      body: sealedJson(utf8('{}'), [writeArmor('PGP SIGNATURE', BOMB)]),
      reason: 'act-body-invalid',
    },
  ]
}

function hostileForms(): readonly HostileRequest[] {
  const headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
  const field = (name: string, text = '') =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`
  const form = (name: string, body: string): HostileRequest => ({
    ...ACTS,
    headers,
    name,
    body,
    reason: 'request-malformed',
  })
  return [
    form('a form of 8,000 fields', `${field('signature').repeat(8000)}--${BOUNDARY}--\r\n`),
    form('a form of 8,000 acts', `${field('act', '{}').repeat(8000)}--${BOUNDARY}--\r\n`),
    form('a form with a field name of 900 KB', `${field('a'.repeat(900_000))}--${BOUNDARY}--\r\n`),
    form('a form of line ends', `--${BOUNDARY}\r\n${'\r\n'.repeat(450_000)}--${BOUNDARY}--\r\n`),
    form('a form of dashes', '-'.repeat(1_000_000)),
    form(
      'a form that does not end',
      `${field('act', '{}')}--${BOUNDARY}\r\nContent-Disposition: form-data; name="signature"\r\n\r\n${'--'.repeat(400_000)}`,
    ),
    {
      ...form('a form with a boundary of 8 KB', '{}'),
      headers: { 'Content-Type': `multipart/form-data; boundary=${'b'.repeat(8000)}` },
    },
    {
      ...ACTS,
      headers,
      name: '7,000 signatures in a form',
      body: `${field('act', '{}')}${field('signature', 'x').repeat(7000)}--${BOUNDARY}--\r\n`,
      reason: 'act-body-invalid',
    },
  ]
}

function hostileUploads(): readonly HostileRequest[] {
  const bundle = {
    method: 'PUT',
    path: `/api/bundles/${'1'.repeat(64)}?count=1024`,
    within: true,
  } as const
  const chunk = (name: string, body: Uint8Array, reason: string): HostileRequest => ({
    ...bundle,
    name,
    body,
    headers: { 'Content-Range': `bytes 0-${String(body.length - 1)}/${String(body.length)}` },
    reason,
  })
  return [
    chunk('8 MiB of line ends', new Uint8Array(8 * MEGABYTE).fill(0x0a), 'bundle-line-invalid'),
    chunk(
      '8 MiB in one line',
      concat(new Uint8Array(8 * MEGABYTE - 1).fill(0x61), Uint8Array.of(0x0a)),
      'bundle-line-too-long',
    ),
    chunk(
      '8 MiB that are not text',
      new Uint8Array(8 * MEGABYTE).fill(0xff),
      'bundle-line-invalid',
    ),
    chunk('a line that decompresses to 32 MB', line(BOMB), 'mailbox-unavailable'),
    {
      ...bundle,
      name: 'a bundle that announces 900 TB',
      body: `{"commitment":"${'0'.repeat(64)}"}\n`,
      headers: { 'Content-Range': 'bytes 0-81/900000000000000' },
      reason: 'bundle-over-quota',
    },
    {
      ...bundle,
      name: 'a chunk of another length than it says',
      body: 'x\n',
      headers: { 'Content-Range': 'bytes 0-99/100' },
      reason: 'request-malformed',
    },
    {
      ...bundle,
      name: 'a chunk from before its beginning',
      body: 'x\n',
      headers: { 'Content-Range': 'bytes -1-0/2' },
      reason: 'request-malformed',
    },
    brief('a brief that decompresses to 32 MB', BOMB, 'envelope-malformed'),
    brief(
      'a brief of a megabyte of recipients',
      concat(
        ...Array.from({ length: 20_000 }, () => writePacket(TAG.sessionKey, new Uint8Array(40))),
      ),
      'envelope-malformed',
    ),
    {
      method: 'PUT',
      path: `/api/templates/${'0'.repeat(64)}`,
      within: true,
      name: 'a template of brackets',
      body: '['.repeat(100_000),
      reason: 'act-not-json',
    },
  ]
}
