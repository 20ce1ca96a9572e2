import type { ActBodies, ActType } from '#core/act-bodies.ts'
import type { Author } from '#core/act.ts'
import { composeAct } from '#client/act.ts'
import { base64, fromUtf8, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { readSignature } from '#core/openpgp.ts'
import { readArmor, writeArmor } from '#core/packets.ts'
import { accountTemplate } from '#test/helpers/statements.ts'
import { NOW, ORIGIN, seeded, seededHex } from './keys.ts'
import type { Contents } from './schemas.ts'
import { INVITATION_HASH, must, type Story } from './story.ts'

const CONTOSO: Author = { party: 'contoso.example' }
const SERVICE: Author = { service: ORIGIN }

/** One act of each type that the story does not tell. */
function otherBodies(
  story: Story,
): readonly { [T in ActType]: [T, ActBodies[T], Author] }[ActType][] {
  const { acts, keys, mailbox } = story
  const { certificate, fingerprint } = keys.openpgp.litware
  const challenge = seededHex('another challenge')
  const owner: Author = { mailbox }
  const notice = acts.notice.id
  const adoption: ActBodies['template.adopt'] = { manifest: accountTemplate().manifest }
  return [
    ['act.lapse', { act: notice }, SERVICE],
    ['act.withdraw', { act: notice }, CONTOSO],
    ['campaign.accept', { campaign: seededHex('campaign') }, CONTOSO],
    ['campaign.open', { invited: ['fabrikam.example'], label: seededHex('label') }, CONTOSO],
    ['campaign.share', { campaign: seededHex('campaign'), content: seededHex('content') }, CONTOSO],
    ['certificate.replace', { certificate, challenge }, CONTOSO],
    ['charter.amend', termsOf(story), CONTOSO],
    [
      'check.publish',
      {
        buckets: 1,
        chunks: [seededHex('chunk')],
        keyed: 'account',
        release: '2025-11-24T06:00:00Z',
        root: seededHex('check root'),
        salt: seededHex('check salt'),
        texts: 1,
      },
      CONTOSO,
    ],
    [
      'fake.publish',
      {
        channel: 'mail',
        imitates: 'contoso.example',
        language: 'en',
        lines: ['Your account is locked. Confirm at contoso-login[.]example'],
        reports: 41,
        seen_on: '2025-11-23',
        subject: 'Security alert',
      },
      CONTOSO,
    ],
    ['mailbox.close', {}, owner],
    ['mailbox.filers', { filers: ['contoso.example', 'fabrikam.example'] }, owner],
    ['mailbox.invite', { tokens: [INVITATION_HASH] }, CONTOSO],
    ['notice.release', { notice, supports: [acts.support.id] }, SERVICE],
    ['officer.add', { certificate, challenge, duties: ['admin', 'reporter'] }, CONTOSO],
    ['officer.change', { duties: ['reporter'], fingerprint }, CONTOSO],
    ['officer.retire', { fingerprint, reason: 'compromised' }, CONTOSO],
    [
      'party.policy',
      { rules: [{ duties: ['counsel', 'reporter'], type: 'notice.file' }], two_officers: true },
      CONTOSO,
    ],
    ['party.suspend', { domain: 'litware.example', reason: 'inactive' }, CONTOSO],
    ['session.open', { session: `00006924.${seededHex('nonce')}` }, owner],
    ['template.adopt', adoption, CONTOSO],
    [
      'template.approve',
      { scope: seededHex('scope'), template: seededHex('template'), until: '2026-01-01T00:00:00Z' },
      CONTOSO,
    ],
  ]
}

function termsOf({ keys }: Story): ActBodies['charter.amend'] {
  return {
    log_key: keys.log.vkey,
    quorums: {
      admit: [2, 3],
      advisory_reviewers: 2,
      amend: [2, 3],
      dossier_panelists: 7,
      suspend: [2, 3],
      suspend_others: 2,
      template_members: 3,
      template_partners: 1,
    },
    service_certificate: keys.openpgp.service.certificate,
    witnesses: { keys: [], quorum: 0 },
  }
}

export function makeActs(story: Story): Contents['acts.json'] {
  const others = otherBodies(story).map(([type, body, by]) =>
    composeAct({
      type,
      body,
      by,
      directory: story.heads[1],
      origin: ORIGIN,
      now: NOW,
      nonce: seeded(`another ${type}`).slice(0, 16),
    }),
  )
  const told = Object.values(story.acts).map(({ payload }) => payload)
  const valid = [...told, ...others].map((payload) => {
    const text = fromUtf8(payload) ?? ''
    const at = /"at":"([^"]+)"/.exec(text)?.[1] ?? ''
    const expires = /"expires":"([^"]+)"/.exec(text)?.[1] ?? ''
    const type = /"type":"([a-z.]+)","v":1\}$/.exec(text)?.[1] ?? ''
    return {
      name: type,
      text,
      id: sha256Hex(payload),
      at: Date.parse(at) / 1000,
      expires: Date.parse(expires) / 1000,
    }
  })
  return {
    valid: valid.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    refused: refusedActs(story),
  }
}

function refusedActs({ acts }: Story): Contents['acts.json']['refused'] {
  const support = fromUtf8(acts.support.payload) ?? ''
  const enrolment = fromUtf8(acts.enrolment.payload) ?? ''
  const notice = fromUtf8(acts.notice.payload) ?? ''
  const change = (name: string, refusal: string, ...replacements: [string, string][]) => ({
    name,
    refusal,
    text: replacements.reduce((text, [from, to]) => replaceOnce(text, from, to), support),
  })
  const at = '"at":"2025-11-24T10:00:00Z"'
  const expires = '"expires":"2025-12-01T10:00:00Z"'
  const statements = '"statements":["issuer_is_genuine","same_actor_seen"]'
  return [
    {
      name: 'longer than 65,536 bytes',
      refusal: 'act-too-large',
      repeat: { text: ' ', count: 65_537 },
    },
    {
      name: 'a byte that is not UTF-8',
      refusal: 'act-not-utf8',
      base64: base64(Uint8Array.of(0x7b, 0xff, 0x7d)),
    },
    {
      name: 'a surrogate as UTF-8',
      refusal: 'act-not-utf8',
      base64: base64(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)),
    },
    { name: 'nothing', refusal: 'act-not-json', text: '' },
    { name: 'cut short', refusal: 'act-not-json', text: support.slice(0, -1) },
    { name: 'a byte order mark', refusal: 'act-not-json', text: `\ufeff${support}` },
    { name: 'a line feed at the end', refusal: 'act-not-canonical', text: `${support}\n` },
    change('a space', 'act-not-canonical', ['"v":1', '"v": 1']),
    change('keys out of order', 'act-not-canonical', [
      '"type":"notice.support","v":1',
      '"v":1,"type":"notice.support"',
    ]),
    change('a key twice', 'act-not-canonical', ['"v":1', '"v":1,"v":1']),
    change('a number with a fraction', 'act-not-canonical', ['"v":1', '"v":1.0']),
    change('a number with an exponent', 'act-not-canonical', ['"v":1', '"v":1e0']),
    change('minus zero', 'act-not-canonical', ['"v":1', '"v":-0']),
    change('an integer beyond 2^53 - 1', 'act-not-canonical', ['"v":1', '"v":9007199254740992']),
    change('a needless escape', 'act-not-canonical', ['notice.support', 'notice.\\u0073upport']),
    change('a control character', 'act-not-canonical', ['notice.support', 'notice.\\u0001support']),
    change('U+007F', 'act-not-canonical', ['notice.support', 'notice.\u007fsupport']),
    change('half a surrogate pair', 'act-not-canonical', ['notice.support', '\\ud800']),
    change('a key with a capital letter', 'act-not-canonical', ['"at":', '"At":']),
    {
      name: 'nested 17 deep',
      refusal: 'act-not-canonical',
      text: `${'['.repeat(18)}${']'.repeat(18)}`,
    },
    change('a member missing', 'act-body-invalid', [`${at},`, '']),
    change('a member too many', 'act-body-invalid', ['"v":1', '"v":1,"w":1']),
    change('a member too many in the body', 'act-body-invalid', [`{"notice"`, `{"a":1,"notice"`]),
    change('a day that does not exist', 'act-body-invalid', [at, '"at":"2025-02-30T10:00:00Z"']),
    change('a time with a fraction', 'act-body-invalid', [at, '"at":"2025-11-24T10:00:00.0Z"']),
    change('a party in capitals', 'act-body-invalid', ['fabrikam.example', 'Fabrikam.example']),
    change('a head of 65 digits', 'act-body-invalid', ['"directory":"', '"directory":"0']),
    change('a list out of order', 'act-body-invalid', [
      statements,
      '"statements":["same_actor_seen","issuer_is_genuine"]',
    ]),
    change('a list with something twice', 'act-body-invalid', [
      statements,
      '"statements":["issuer_is_genuine","issuer_is_genuine"]',
    ]),
    change('an empty list', 'act-body-invalid', [statements, '"statements":[]']),
    change('an unknown statement', 'act-body-invalid', [statements, '"statements":["we_like_it"]']),
    {
      name: 'a count that is no power of two',
      refusal: 'act-body-invalid',
      text: replaceOnce(notice, '"count":1024', '"count":1025'),
    },
    {
      name: 'neither invitation nor work',
      refusal: 'act-body-invalid',
      text: replaceOnce(enrolment, /"invitation":"[0-9a-f]+",/, ''),
    },
    change('version 2', 'act-version-unknown', ['"v":1', '"v":2']),
    change('a type that does not exist', 'act-type-unknown', ['notice.support', 'notice.delete']),
    change('an author who may not', 'act-author-kind-wrong', [
      '{"party":"fabrikam.example"}',
      `{"service":"${ORIGIN}"}`,
    ]),
    change('running for 30 days and a second', 'act-lifetime-invalid', [
      expires,
      '"expires":"2025-12-24T10:00:01Z"',
    ]),
    change('expiring as it begins', 'act-lifetime-invalid', [
      expires,
      '"expires":"2025-11-24T10:00:00Z"',
    ]),
    {
      name: 'a customer with a time of day',
      refusal: 'act-lifetime-invalid',
      text: replaceOnce(enrolment, '"at":"2025-11-24T00:00:00Z"', '"at":"2025-11-24T00:00:01Z"'),
    },
  ]
}

function replaceOnce(text: string, from: RegExp | string, to: string): string {
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`nothing to replace: ${String(from)}`)
  return changed
}

export function makeSignatures(story: Story): Contents['signatures.json'] {
  const { acts, keys } = story
  const [armored = ''] = acts.support.signatures
  const [byCustomer = ''] = acts.enrolment.signatures
  const payload = fromUtf8(acts.support.payload) ?? ''
  const { certificate } = keys.openpgp.fabrikam
  const packet = must(readArmor(armored, 'PGP SIGNATURE'))
  const other = must(readArmor(byCustomer, 'PGP SIGNATURE'))
  const base = { armored, certificate, payload }
  const patched = (at: number, value: number) => {
    const bytes = Uint8Array.from(packet)
    bytes[at] = value
    return { ...base, armored: writeArmor('PGP SIGNATURE', bytes) }
  }
  const good = (name: string, given: typeof base) => {
    const read = must(readSignature(must(readArmor(given.armored, 'PGP SIGNATURE'))))
    return {
      ...given,
      name,
      created_at: read.createdAt,
      fingerprint: read.issuer,
      packet: base64(read.packet),
      packet_sha256: sha256Hex(read.packet),
    }
  }
  const enrolment = fromUtf8(acts.enrolment.payload) ?? ''
  const two = writeArmor('PGP SIGNATURE', Uint8Array.of(...packet, ...other))
  const headers = armored.replace('-----\n\n', '-----\nComment: by hand\n\n')
  return {
    valid: [
      good('by an officer', base),
      good('by a mailbox, at midnight', {
        armored: byCustomer,
        certificate: keys.openpgp.alice.certificate,
        payload: enrolment,
      }),
      good('with an armor header and CRLF', { ...base, armored: headers.replaceAll('\n', '\r\n') }),
      good('with something written into the unhashed area', {
        ...base,
        armored: writeArmor('PGP SIGNATURE', withNote(packet)),
      }),
    ],
    refused: [
      {
        ...base,
        name: 'over other bytes',
        payload: `${payload} `,
        refusal: 'signature-not-accepted',
      },
      {
        ...base,
        name: 'by another certificate',
        certificate: keys.openpgp.contoso.certificate,
        refusal: 'signature-not-accepted',
      },
      {
        ...base,
        name: 'with text before the block',
        armored: `signed:\n${armored}`,
        refusal: 'armor-surrounded',
      },
      {
        ...base,
        name: 'with text after the block',
        armored: `${armored}end\n`,
        refusal: 'armor-surrounded',
      },
      {
        ...base,
        name: 'with a wrong checksum',
        armored: armored.replace(/\n=.{4}\n/, '\n=AAAA\n'),
        refusal: 'armor-malformed',
      },
      { ...base, name: 'two packets', armored: two, refusal: 'signature-count-wrong' },
      {
        ...patched(bodyOffset(packet), 3),
        name: 'of version 3',
        refusal: 'signature-version-wrong',
      },
      {
        ...patched(bodyOffset(packet) + 1, 1),
        name: 'of type 0x01',
        refusal: 'signature-type-wrong',
      },
      {
        ...patched(packet.length - 1, (packet.at(-1) ?? 0) ^ 1),
        name: 'with a bit flipped',
        refusal: 'signature-not-accepted',
      },
    ],
  }
}

/** Where the body of a packet begins whose header is of the current format. */
function bodyOffset(packet: Uint8Array): number {
  const length = packet[1] ?? 0
  return length < 192 ? 2 : length < 224 ? 3 : 6
}

/** The packet with a notation in its unhashed area, as anybody on the way can put there. */
function withNote(packet: Uint8Array): Uint8Array {
  const start = bodyOffset(packet)
  const body = packet.subarray(start)
  const hashedLength = (body[4] ?? 0) * 256 + (body[5] ?? 0)
  const head = body.subarray(0, 6 + hashedLength)
  const unhashedLength = (body[head.length] ?? 0) * 256 + (body[head.length + 1] ?? 0)
  const tail = body.subarray(head.length + 2 + unhashedLength)
  const value = utf8('aNote')
  const note = Uint8Array.of(
    1 + 8 + value.length,
    20,
    0,
    0,
    0,
    0,
    0,
    1,
    0,
    value.length - 1,
    ...value,
  )
  const all = Uint8Array.of(...head, 0, note.length, ...note, ...tail)
  return Uint8Array.of(0xc2, 255, 0, 0, all.length >> 8, all.length & 0xff, ...all)
}
