import { enums, generateKey } from 'openpgp'
import { base64, concat, utf8 } from '#core/bytes.ts'
import { challengeAnswer } from '#core/challenge.ts'
import { writePacket } from '#core/packet-walk.ts'
import { writeArmor } from '#core/packets.ts'
import { dayOf } from '#core/time.ts'
import { type Answered, type Coalition, threeOf } from '#test/helpers/coalition.ts'
import { cached, companyKey } from '#test/helpers/coalition-keys.ts'
import { DAY, make, NOW, packetsOf, revoked, selfSign } from '#test/helpers/openpgp-keys.ts'
import type { RefusalCase } from './refusal-case.ts'

type Kind = Pick<RefusalCase, 'reason' | 'status'>
const MALFORMED: Kind = { reason: 'certificate-malformed', status: 422 }
const TOO_LARGE: Kind = { reason: 'certificate-too-large', status: 413 }

/** A certificate offered for a challenge, which is where it is refused first. */
function offered(
  name: string,
  kind: Kind & { readonly purpose?: 'mailbox' },
  certificate: () => Promise<Uint8Array> | Uint8Array,
): RefusalCase {
  const { purpose = 'officer', ...refusal } = kind
  return {
    ...refusal,
    name,
    arrange: async (c) => {
      c.clock.set(NOW)
      const body = writeArmor('PGP PUBLIC KEY BLOCK', await certificate())
      return async () => await c.ask(`/api/challenges?purpose=${purpose}`, { method: 'POST', body })
    },
  }
}

async function parts(): Promise<{
  key: Awaited<ReturnType<typeof make>>['key']
  packets: readonly Uint8Array[]
  bytes: Uint8Array
}> {
  const { bytes, key } = await cached('parts', make)
  return { bytes, key, packets: packetsOf(bytes).map((packet) => packet.bytes) }
}

async function certifyOnly(): Promise<Uint8Array> {
  const { key, packets } = await parts()
  const [primary, userId, , ...subkeys] = packets
  const data = { key: key.keyPacket, userID: key.users[0]?.userID }
  const certification = await selfSign(key, enums.signature.certPositive, {
    keyFlags: enums.keyFlags.certifyKeys,
    data,
  })
  return concat(primary ?? certification, userId ?? certification, certification, ...subkeys)
}

async function weakRsa(): Promise<Uint8Array> {
  const { publicKey } = await generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: { name: 'old' },
    date: new Date((NOW - DAY) * 1000),
    format: 'object',
    config: { minRSABits: 2048 },
  })
  return publicKey.write()
}

const OFFERED: readonly RefusalCase[] = [
  offered('bytes that are no certificate', MALFORMED, () => utf8('hello')),
  offered('a secret key', MALFORMED, async () => (await parts()).key.write()),
  offered('something behind a certificate', MALFORMED, async () =>
    concat((await parts()).bytes, Uint8Array.of(0)),
  ),
  offered('a compressed packet', MALFORMED, () => writePacket(8, new Uint8Array(1000))),
  offered('a certificate with hundreds of subkeys', TOO_LARGE, async () => {
    const { bytes, packets } = await parts()
    return concat(bytes, ...Array.from({ length: 300 }, () => packets.slice(3)).flat())
  }),
  offered('a certificate with 300 signatures', TOO_LARGE, async () => {
    const { packets } = await parts()
    const [primary, userId, certification = new Uint8Array(), ...subkeys] = packets
    return concat(
      primary ?? certification,
      userId ?? certification,
      ...Array.from({ length: 300 }, () => certification),
      ...subkeys,
    )
  }),
  offered(
    'a certificate that cannot sign',
    { reason: 'certificate-cannot-sign', status: 422 },
    certifyOnly,
  ),
  offered(
    'a certificate that cannot be encrypted to',
    { reason: 'certificate-cannot-encrypt', status: 422 },
    async () => concat(...(await parts()).packets.slice(0, 3)),
  ),
  offered('RSA of 2,048 bits', { reason: 'certificate-weak', status: 422 }, weakRsa),
  offered(
    'a certificate of version 6 for a mailbox',
    { reason: 'certificate-version-wrong', status: 422, purpose: 'mailbox' },
    async () => (await make({ v6: true, name: 'mailbox' })).bytes,
  ),
  offered(
    'a mailbox with a name',
    { reason: 'certificate-user-id-wrong', status: 422, purpose: 'mailbox' },
    async () => (await parts()).bytes,
  ),
  offered(
    'a mailbox made at ten',
    { reason: 'certificate-not-midnight', status: 422, purpose: 'mailbox' },
    async () => (await make({ name: 'mailbox', date: NOW - (NOW % DAY) - 3600 })).bytes,
  ),
  offered(
    'an expired certificate',
    { reason: 'certificate-expired', status: 403 },
    async () => (await make({ date: NOW - 3 * DAY, lasts: DAY })).bytes,
  ),
  offered(
    'a revoked certificate',
    { reason: 'certificate-revoked', status: 403 },
    async () =>
      await revoked((await parts()).key, enums.reasonForRevocation.keyCompromised, NOW - 60),
  ),
]

/** An officer.add with what differs from a good one. */
async function addOfficer(
  c: Coalition,
  officer: { certificate: Uint8Array; challenge: string },
): Promise<Answered> {
  const body = {
    certificate: base64(officer.certificate),
    challenge: officer.challenge,
    duties: ['reporter'],
  } as const
  return await c.submit('officer.add', body, threeOf(c).contoso)
}

const ENROLLED: readonly RefusalCase[] = [
  {
    reason: 'certificate-enrolled-already',
    status: 409,
    name: "another party's certificate",
    arrange: async (c) => {
      const { certificateBytes: certificate, key } = threeOf(c).fabrikam
      const challenge = await c.challenge(key, certificate, 'officer')
      return async () => await addOfficer(c, { certificate, challenge })
    },
  },
  {
    reason: 'challenge-wrong',
    status: 422,
    name: 'a certificate whose owner was not asked',
    arrange: async (c) => {
      const { certificateBytes: certificate } = await companyKey('stranger.example')
      return async () => await addOfficer(c, { certificate, challenge: '0'.repeat(64) })
    },
  },
  {
    reason: 'challenge-wrong',
    status: 422,
    name: 'an answer to a challenge for another purpose',
    arrange: async (c) => {
      const customer = await c.enrol('alice')
      const purpose = {
        purpose: 'officer',
        fingerprint: customer.key.fingerprint,
        certificate: customer.certificateBytes,
        day: dayOf(c.clock.now()),
      } as const
      const challenge = challengeAnswer(c.ports.challengeSecret, purpose)
      const payload = await c.compose(
        'mailbox.rotate',
        { certificate: base64(customer.certificateBytes), challenge },
        customer,
      )
      const signature = await c.sign(customer, payload)
      return async () => await c.post(payload, signature)
    },
  },
  {
    reason: 'challenge-wrong',
    status: 422,
    name: 'an answer of three days ago',
    arrange: async (c) => {
      const { certificateBytes: certificate, key } = await companyKey('stranger.example')
      const challenge = await c.challenge(key, certificate, 'officer')
      c.clock.advance(3 * DAY)
      return async () => await addOfficer(c, { certificate, challenge })
    },
  },
  {
    reason: 'charter-missing',
    status: 409,
    founded: false,
    name: 'an act before the charter',
    arrange: async (c) => async () =>
      await c.submit(
        'party.suspend',
        { domain: 'litware.example', reason: 'left' },
        threeOf(c).contoso,
      ),
  },
]

export const CERTIFICATES: readonly RefusalCase[] = [...OFFERED, ...ENROLLED]
