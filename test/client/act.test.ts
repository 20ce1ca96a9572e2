import { expect, test } from 'vitest'
import { type ActDraft, composeAct, reviewAct, signAct } from '#client/act.ts'
import { NO_HEAD } from '#core/act.ts'
import { utf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { emptyDirectory, withRecord } from '#core/directory.ts'
import { verifySignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import { parseAct } from '#wire/act.ts'
import { BEGIN, companyKey } from '#test/helpers/coalition-keys.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

const DRAFT: ActDraft<'officer.retire'> = {
  type: 'officer.retire',
  body: { fingerprint: 'ab'.repeat(20), reason: 'compromised' },
  by: { party: 'contoso.example' },
  directory: NO_HEAD,
  origin: 'coalition.example',
  now: BEGIN,
  nonce: new Uint8Array(16).fill(1),
}

test('composes canonical bytes that the server reads', () => {
  const parsed = accepted(parseAct(composeAct(DRAFT)))
  expect(parsed.act).toMatchObject({
    type: 'officer.retire',
    at: '2025-11-24T10:00:00Z',
    nonce: '01'.repeat(16),
  })
})

test.each([
  { name: 'a mailbox', by: { mailbox: 'a'.repeat(32) } },
  { name: 'a key', by: { key: 'ab'.repeat(20) } },
])('dates an act of $name the midnight before, so that it tells no hour', ({ by }) => {
  const payload = composeAct({ ...DRAFT, type: 'mailbox.close', body: {}, by })
  expect(new TextDecoder().decode(payload)).toContain('"at":"2025-11-24T00:00:00Z"')
})

test('a nonce that is not 16 bytes is a fault of the caller', () => {
  expect(() => composeAct({ ...DRAFT, nonce: new Uint8Array(8) })).toThrow(TypeError)
})

test('signs the bytes of an act, with a signature that verifies', async () => {
  const { certificateBytes, key } = await companyKey('contoso.example')
  const payload = composeAct(DRAFT)
  const armored = accepted(await signAct(key, payload, BEGIN))
  const signature = accepted(readArmor(armored, 'PGP SIGNATURE'))
  const verified = accepted(
    await verifySignature({ payload, signature, certificate: certificateBytes, validAt: [BEGIN] }),
  )
  expect(verified.createdAt).toBe(BEGIN)
})

test.each([
  {
    name: 'another type',
    payload: canonicalJson({ ...json(), type: 'officer.promote' }),
    reason: 'act-type-unknown',
  },
  {
    name: 'another body',
    payload: canonicalJson({ ...json(), body: {} }),
    reason: 'act-body-invalid',
  },
  { name: 'white space', payload: utf8(` ${JSON.stringify(json())}`), reason: 'act-not-canonical' },
])('signs nothing that is no act: $name', async ({ payload, reason }) => {
  const { key } = await companyKey('contoso.example')
  expect(reasonOf(await signAct(key, payload))).toBe(reason)
  expect(reasonOf(await reviewAct(payload))).toBe(reason)
})

function json() {
  return {
    at: '2025-11-24T10:00:00Z',
    body: { fingerprint: 'ab'.repeat(20), reason: 'compromised' },
    by: { party: 'contoso.example' },
    directory: NO_HEAD,
    expires: '2025-12-01T10:00:00Z',
    nonce: '01'.repeat(16),
    origin: 'coalition.example',
    type: 'officer.retire',
    v: 1,
  }
}

test('shows a co-signer every value of an act', async () => {
  const { lines } = accepted(await reviewAct(composeAct(DRAFT)))
  expect(lines).toContainEqual({ label: 'What', value: 'Retire an officer (officer.retire)' })
  expect(lines).toContainEqual({ label: 'By', value: 'party contoso.example' })
  expect(lines).toContainEqual({ label: 'fingerprint', value: 'ab'.repeat(20) })
  expect(lines).toContainEqual({ label: 'reason', value: 'compromised' })
})

test('shows a certificate by its fingerprint and user ID', async () => {
  const { certificate, key } = await companyKey('fabrikam.example')
  const body = { certificate, challenge: '00'.repeat(32), duties: ['reporter'] } as const
  const { lines } = accepted(await reviewAct(composeAct({ ...DRAFT, type: 'officer.add', body })))
  const shown = lines.find(({ label }) => label === 'certificate')?.value
  expect(shown).toContain(key.fingerprint)
  expect(shown).toContain('officer@fabrikam.example')
})

test('an act under another id than was announced is refused', async () => {
  expect(reasonOf(await reviewAct(composeAct(DRAFT), { id: '00'.repeat(32) }))).toBe(
    'act-known-differently',
  )
})

test('an act of another coalition, or upon a chain that the co-signer does not know, is refused', async () => {
  const directory = withRecord(emptyDirectory('coalition.example'), {
    hash: '11'.repeat(32),
    day: '2025-11-24',
  })
  const against = { directory, now: BEGIN }
  const strange = composeAct({ ...DRAFT, origin: 'other.example', directory: '11'.repeat(32) })
  expect(reasonOf(await reviewAct(strange, { against }))).toBe('act-origin-wrong')
  expect(reasonOf(await reviewAct(composeAct(DRAFT), { against }))).toBe('directory-unknown')
  expect(
    reasonOf(await reviewAct(composeAct({ ...DRAFT, directory: '11'.repeat(32) }), { against })),
  ).toBe('accepted')
})
