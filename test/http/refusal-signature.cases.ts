import { enums, generateKey, readPrivateKey } from 'openpgp'
import { signEntity } from '#client/openpgp.ts'
import type { Duty } from '#core/act-bodies.ts'
import { base64, concat, utf8 } from '#core/bytes.ts'
import { challengeAnswer } from '#core/challenge.ts'
import { bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import { readArmor, splitSignedMessage, writeArmor, writeLiteral } from '#core/packets.ts'
import { dayOf } from '#core/time.ts'
import {
  type Answered,
  type Coalition,
  type Company,
  formOf,
  threeOf,
} from '#test/helpers/coalition.ts'
import { cached, companyKey } from '#test/helpers/coalition-keys.ts'
import { make, NOW, selfSign, signAt } from '#test/helpers/openpgp-keys.ts'
import { idOf } from '#test/helpers/notices.ts'
import type { RefusalCase } from './refusal-case.ts'

const DAY = 86_400
const HASH = '0'.repeat(64)
type Kind = Pick<RefusalCase, 'reason' | 'status'>
const MALFORMED: Kind = { reason: 'armor-malformed', status: 400 }
const SURROUNDED: Kind = { reason: 'armor-surrounded', status: 400 }
const COUNT: Kind = { reason: 'signature-count-wrong', status: 400 }
const STRANGER: Kind = { reason: 'signature-not-accepted', status: 403 }

/** An act that would be accepted with a signature of Contoso. */
export async function suspension(coalition: Coalition): Promise<Uint8Array> {
  return await coalition.compose(
    'party.suspend',
    { domain: 'litware.example', reason: 'left' },
    threeOf(coalition).contoso,
  )
}

/** A good act whose signatures are made out of the good one. */
function signed(
  name: string,
  kind: Kind,
  change: (
    good: string,
    coalition: Coalition,
    payload: Uint8Array,
  ) => Promise<readonly string[]> | readonly string[],
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (coalition) => {
      const payload = await suspension(coalition)
      const good = await coalition.sign(threeOf(coalition).contoso, payload)
      const signatures = await change(good, coalition, payload)
      return async () => await coalition.post(payload, ...signatures)
    },
  }
}

/** The packet of a signature with its body changed. */
function patched(armored: string, change: (body: Uint8Array) => void): string {
  const bytes = packetOf(armored)
  const [packet] = readPackets(bytes) ?? []
  if (packet === undefined) throw new Error('no packet')
  const body = bodyOf(bytes, packet).slice()
  change(body)
  return writeArmor('PGP SIGNATURE', writePacket(TAG.signature, body))
}

function packetOf(armored: string): Uint8Array {
  const bytes = readArmor(armored, 'PGP SIGNATURE')
  if (!bytes.ok) throw new Error(bytes.refusal.reason)
  return bytes.value
}

function repeated(good: string, count: number): string {
  return writeArmor('PGP SIGNATURE', concat(...Array.from({ length: count }, () => packetOf(good))))
}

/** A signature packet around packets of other kinds. */
const BOMB = writePacket(8, new Uint8Array(4096))

const BYTES: readonly RefusalCase[] = [
  signed('text for armor', MALFORMED, () => ['hello']),
  signed('nothing for armor', MALFORMED, () => ['']),
  signed('a message for a signature', MALFORMED, (good) => [
    good.replaceAll('SIGNATURE', 'MESSAGE'),
  ]),
  signed('armor with a wrong checksum', MALFORMED, (good) => [good.replace(/\n=..../, '\n=AAAA')]),
  signed('armor without its last line', MALFORMED, (good) => [good.replace(/-----END.*/, '')]),
  signed('text before the armor', SURROUNDED, (good) => [`I agree.\n${good}`]),
  signed('text after the armor', SURROUNDED, (good) => [`${good}I agree.\n`]),
  signed('two armored blocks', SURROUNDED, (good) => [good + good]),
  signed('a packet cut short', { reason: 'packets-malformed', status: 400 }, (good) => [
    writeArmor('PGP SIGNATURE', packetOf(good).slice(0, 20)),
  ]),
  signed('bytes that are no packets', { reason: 'packets-malformed', status: 400 }, () => [
    writeArmor('PGP SIGNATURE', new Uint8Array(20)),
  ]),
  signed('a compressed packet', { reason: 'packet-not-allowed', status: 400 }, () => [
    writeArmor('PGP SIGNATURE', BOMB),
  ]),
  signed('an inline-signed message', { reason: 'packet-not-allowed', status: 400 }, (good) => [
    writeArmor('PGP SIGNATURE', concat(writeLiteral(utf8('x')), packetOf(good))),
  ]),
  signed('a signature with twenty others', { reason: 'packets-too-many', status: 400 }, (good) => [
    repeated(good, 20),
  ]),
  signed('armor of 40 KB', { reason: 'packets-too-large', status: 413 }, () => [
    writeArmor('PGP SIGNATURE', writePacket(TAG.signature, new Uint8Array(30_000))),
  ]),
  signed('a signature of 10 KB', { reason: 'packets-too-large', status: 413 }, () => [
    writeArmor('PGP SIGNATURE', writePacket(TAG.signature, new Uint8Array(10_000))),
  ]),
  signed('no signature', COUNT, () => []),
  signed('65 signatures', COUNT, (good) => Array.from({ length: 65 }, () => good)),
  signed('two signatures in one block', COUNT, (good) => [repeated(good, 2)]),
  signed('a text-mode signature', { reason: 'signature-type-wrong', status: 400 }, (good) => [
    patched(good, (body) => body.fill(0x01, 1, 2)),
  ]),
  signed(
    'a certification for a signature',
    { reason: 'signature-type-wrong', status: 400 },
    (good) => [patched(good, (body) => body.fill(0x10, 1, 2))],
  ),
  signed('a signature of version 3', { reason: 'signature-version-wrong', status: 400 }, (good) => [
    patched(good, (body) => body.fill(3, 0, 1)),
  ]),
  signed(
    'one signer twice in one request',
    { reason: 'signature-duplicate', status: 400 },
    async (good, c, payload) => [
      good,
      await c.sign(threeOf(c).contoso, payload, c.clock.now() - 5),
    ],
  ),
]

const STRANGERS: readonly RefusalCase[] = [
  signed('a signature by an unknown certificate', STRANGER, async (_, c, payload) => [
    await c.sign(await companyKey('stranger.example'), payload),
  ]),
  signed('a signature for another act', STRANGER, async (_, c) => [
    await c.sign(threeOf(c).contoso, await suspension(c)),
  ]),
  signed('an altered signature', STRANGER, (good) => [
    patched(good, (body) => body.fill((body.at(-1) ?? 0) ^ 1, -1)),
  ]),
  signed('a good signature and a bad one', STRANGER, async (good, c, payload) => [
    good,
    await c.sign(await companyKey('stranger.example'), payload),
  ]),
  signed('a signature cut out of an inline-signed message', STRANGER, async (_, c) => {
    const entity = utf8('Content-Type: text/plain\r\n\r\nx')
    const message = splitSignedMessage(
      await signEntity(threeOf(c).contoso.key, entity, { at: c.clock.now() }),
    )
    if (!message.ok) throw new Error(message.refusal.reason)
    return [writeArmor('PGP SIGNATURE', writePacket(TAG.signature, message.value.signature))]
  }),
  {
    ...MALFORMED,
    name: 'armor that is not UTF-8',
    arrange: async (c) => async () =>
      await c.ask(`/api/acts/${HASH}/signatures`, {
        method: 'POST',
        body: Uint8Array.of(0x2d, 0xff),
      }),
  },
  {
    ...STRANGER,
    name: 'a signature for an act that nobody sent',
    arrange: async (c) => {
      const good = await c.sign(threeOf(c).contoso, await suspension(c))
      return async () => await c.cosign(HASH, good)
    },
  },
  {
    ...STRANGER,
    name: 'a session for a mailbox that there is not',
    arrange: async (c) => {
      const customer = { ...(await c.enrol('alice')), id: 'a'.repeat(32) }
      const { body } = await c.ask('/api/session/nonce')
      const payload = await c.compose('session.open', { session: String(body['nonce']) }, customer)
      const signature = await c.sign(customer, payload)
      return async () =>
        await c.ask('/api/session', { method: 'POST', body: formOf(payload, [signature]) })
    },
  },
]

const TIMES: readonly RefusalCase[] = [
  signed(
    'a signature a second older than a day',
    { reason: 'signature-stale', status: 422 },
    async (_, c, payload) => [await c.sign(threeOf(c).contoso, payload, c.clock.now() - DAY - 1)],
  ),
  signed(
    'a signature from 301 seconds ahead',
    { reason: 'signature-from-future', status: 422 },
    async (_, c, payload) => [await c.sign(threeOf(c).contoso, payload, c.clock.now() + 301)],
  ),
  {
    reason: 'signature-not-midnight',
    status: 422,
    name: 'a customer who signs at ten',
    arrange: async (c) => {
      const customer = await c.enrol('alice')
      const payload = await c.compose('mailbox.close', {}, customer)
      // Our own client would refuse to.
      const key = await readPrivateKey({ armoredKey: customer.privateArmored })
      const signature = writeArmor('PGP SIGNATURE', await signAt(key, c.clock.now(), payload))
      return async () => await c.post(payload, signature)
    },
  },
]

/** Enrols a further officer of Contoso and gives the key. */
export async function secondOfficer(
  coalition: Coalition,
  duties: readonly Duty[] = ['admin', 'reporter', 'reviewer'],
): Promise<Company> {
  const { contoso } = threeOf(coalition)
  const second = await companyKey(contoso.domain, 'second')
  const challenge = await coalition.challenge(second.key, second.certificateBytes, 'officer')
  idOf(
    await coalition.submit(
      'officer.add',
      { certificate: second.certificate, challenge, duties },
      contoso,
    ),
  )
  return second
}

/** A party's own act by somebody, after something has happened. */
function after(
  name: string,
  kind: Kind,
  happen: (coalition: Coalition) => Promise<Company>,
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (coalition) => {
      const signer = await happen(coalition)
      const payload = await coalition.compose(
        'party.suspend',
        { domain: 'litware.example', reason: 'left' },
        signer,
      )
      const signature = await coalition.sign(signer, payload)
      return async () => await coalition.post(payload, signature)
    },
  }
}

async function retire(coalition: Coalition, reason: 'compromised' | 'retired'): Promise<Company> {
  const second = await secondOfficer(coalition)
  idOf(
    await coalition.submit(
      'officer.retire',
      { fingerprint: second.key.fingerprint, reason },
      threeOf(coalition).contoso,
    ),
  )
  return second
}

const OFFICERS: readonly RefusalCase[] = [
  after(
    'a signature by a retired officer',
    { reason: 'certificate-retired', status: 403 },
    async (c) => await retire(c, 'retired'),
  ),
  after(
    'a signature by a stolen key',
    { reason: 'certificate-compromised', status: 403 },
    async (c) => await retire(c, 'compromised'),
  ),
  after(
    'a signature by an officer without the duty',
    { reason: 'duty-missing', status: 403 },
    async (c) => await secondOfficer(c, ['reporter']),
  ),
  after(
    'a signature by a suspended party',
    { reason: 'party-suspended', status: 403 },
    async (c) => {
      const { contoso, fabrikam, litware } = threeOf(c)
      idOf(
        await c.submit(
          'party.suspend',
          { domain: contoso.domain, reason: 'conduct' },
          fabrikam,
          litware,
        ),
      )
      return contoso
    },
  ),
  signed(
    'an act that only others signed',
    { reason: 'signer-not-author', status: 403 },
    async (_, c, payload) => [await c.sign(threeOf(c).fabrikam, payload)],
  ),
  {
    reason: 'signer-not-entitled',
    status: 403,
    name: 'a signature under what concerns another party alone',
    arrange: async (c) => {
      const { contoso, fabrikam } = threeOf(c)
      const payload = await c.compose('party.policy', { rules: [], two_officers: false }, contoso)
      const signatures = [await c.sign(contoso, payload), await c.sign(fabrikam, payload)]
      return async () => await c.post(payload, ...signatures)
    },
  },
  signed(
    'a vote by the party that it is about',
    { reason: 'signer-not-entitled', status: 403 },
    async (good, c, payload) => [good, await c.sign(threeOf(c).litware, payload)],
  ),
  {
    reason: 'certificate-expired',
    status: 403,
    name: 'a signature that arrives a second after its certificate expired',
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      c.clock.set(NOW)
      const made = await make({ lasts: 2 * DAY })
      await enrolRaw(c, made.bytes)
      c.clock.set(NOW + DAY - 60)
      const payload = await suspension(c)
      const signature = writeArmor('PGP SIGNATURE', await signAt(made.key, c.clock.now(), payload))
      c.clock.advance(61)
      return async () => await c.post(payload, await c.sign(contoso, payload), signature)
    },
  },
  {
    reason: 'signature-algorithm-weak',
    status: 422,
    name: 'a signature over SHA-1',
    arrange: async (c) => {
      c.clock.set(NOW)
      const { privateKey } = await cached(
        'rsa',
        async () =>
          await generateKey({
            type: 'rsa',
            rsaBits: 3072,
            userIDs: { name: 'old' },
            date: new Date((NOW - DAY) * 1000),
            format: 'object',
          }),
      )
      await enrolRaw(c, privateKey.toPublic().write())
      const payload = await suspension(c)
      const data = { getBytes: () => payload, text: null }
      const weak = await selfSign(privateKey, enums.signature.binary, {
        hash: enums.hash.sha1,
        data,
      })
      return async () => await c.post(payload, writeArmor('PGP SIGNATURE', weak))
    },
  },
]

/** Enrols a certificate of which the test holds the raw key; the answer to its challenge is computed as the server does. */
async function enrolRaw(coalition: Coalition, bytes: Uint8Array): Promise<Answered> {
  const facts = await coalition.ports.crypto.inspectCertificate(
    bytes,
    'officer',
    coalition.clock.now(),
  )
  if (!facts.ok) throw new Error(facts.refusal.reason)
  const challenge = challengeAnswer(coalition.ports.challengeSecret, {
    purpose: 'officer',
    fingerprint: facts.value.fingerprint,
    certificate: facts.value.bytes,
    day: dayOf(coalition.clock.now()),
  })
  const body = { certificate: base64(bytes), challenge, duties: ['admin', 'reporter'] } as const
  const added = await coalition.submit('officer.add', body, threeOf(coalition).contoso)
  idOf(added)
  return added
}

export const SIGNATURES: readonly RefusalCase[] = [...BYTES, ...STRANGERS, ...TIMES, ...OFFICERS]
