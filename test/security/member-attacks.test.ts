import { enums, type PrivateKey, readKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMessage, type UnlockedKey, unlockKey } from '#client/openpgp.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { base64, concat } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { TAG } from '#core/packet-walk.ts'
import { type Coalition, type Company, foundCoalition, threeOf } from '#test/helpers/coalition.ts'
import { BEGIN } from '#test/helpers/coalition-keys.ts'
import {
  briefTo,
  bundleOf,
  idOf,
  mailboxLine,
  messageTo,
  openCampaign,
  paddedLines,
  upload,
} from '#test/helpers/notices.ts'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import { BUNDLE_BYTES_PER_DAY_MAX } from '#service/bundle-quota.ts'
import { accepted, DAY, make, packetsOf, reasonOf, selfSign } from '#test/helpers/openpgp-keys.ts'

// A member of the coalition who plays false. Notices with another brief, template, signer or reader than the act names are in
// test/client/open-envelope.test.ts; acts that hide something from a co-signer in test/client/act.test.ts.

let coalition: Coalition
/** The false member; it was there first. */
let mallory: Company
let fabrikam: Company
let litware: Company

beforeAll(async () => {
  coalition = await foundCoalition()
  const { contoso, ...others } = threeOf(coalition)
  mallory = contoso
  fabrikam = others.fabrikam
  litware = others.litware
})
afterAll(async () => {
  await coalition.close()
})

/** A certificate that says that the encryption subkey of another is its own; it has a younger one, with which it answers challenges. */
async function squatting(victim: Uint8Array): Promise<{ bytes: Uint8Array; key: PrivateKey }> {
  const { bytes, key } = await make({ date: BEGIN - DAY, name: 'Mallory' })
  const taken = packetsOf(victim).find(({ tag }) => tag === TAG.subkey)
  if (taken === undefined) throw new Error('the victim has no subkey')
  const [subkey] = (await readKey({ binaryKey: victim })).getSubkeys()
  const binding = await selfSign(key, enums.signature.subkeyBinding, {
    data: { key: key.keyPacket, bind: subkey?.keyPacket },
    keyFlags: enums.keyFlags.encryptCommunication | enums.keyFlags.encryptStorage,
    date: BEGIN - DAY,
  })
  return { bytes: concat(bytes, taken.bytes, binding), key }
}

/** Enrols such a certificate for the false member, and gives its key. */
async function enrolSquatter(victim: Company): Promise<UnlockedKey> {
  const { bytes, key } = await squatting(victim.certificateBytes)
  const facts = accepted(
    await coalition.ports.crypto.inspectCertificate(bytes, 'officer', coalition.clock.now()),
  )
  const theirs = accepted(
    await coalition.ports.crypto.inspectCertificate(
      victim.certificateBytes,
      'officer',
      coalition.clock.now(),
    ),
  )
  expect(facts.encryptionKeys).toContain(theirs.encryptionKeys[0])
  expect(facts.provenKeys).not.toContain(theirs.encryptionKeys[0])
  const unlocked = accepted(await unlockKey(key.armor(), ''))
  const challenge = await coalition.challenge(unlocked, bytes, 'officer')
  const body = { certificate: base64(bytes), challenge, duties: DUTIES }
  idOf(await coalition.submit('officer.add', body, mallory))
  return unlocked
}

describe("a member who enrols another's encryption key as its own", () => {
  let squatter: UnlockedKey
  beforeAll(async () => {
    squatter = await enrolSquatter(fabrikam)
  })

  test('does not keep the other from renewing its certificate', async () => {
    const { certificateBytes, key } = fabrikam
    const challenge = await coalition.challenge(key, certificateBytes, 'officer')
    const body = { certificate: fabrikam.certificate, challenge }
    // Refused for being the same certificate, and not for being somebody else's.
    expect((await coalition.submit('certificate.replace', body, fabrikam)).reason).toBe(
      'nothing-to-do',
    )
  })

  test('does not keep the other out of a campaign: what it claims, it cannot decrypt', async () => {
    const campaign = await openCampaign(coalition, litware, [fabrikam])
    idOf(await coalition.submit('campaign.accept', { campaign }, fabrikam))
    const content = await briefTo(coalition, litware, [litware, fabrikam])
    idOf(await coalition.submit('campaign.share', { campaign, content }, litware))
    const token = await coalition.session(fabrikam)
    const { bytes, status } = await coalition.ask(`/api/briefs/${content}`, { token })
    expect(status).toBe(200)
    expect(reasonOf(await openMessage(fabrikam.key, bytes))).toBe('accepted')
    expect(reasonOf(await openMessage(squatter, bytes))).toBe('envelope-recipient-wrong')
  })
})

describe('a member who looks for mailboxes', () => {
  test('gets one answer for those that are not, that are closed and that do not take its notices', async () => {
    const closed = await coalition.enrol('closed')
    idOf(await coalition.submit('mailbox.close', {}, closed))
    const refusing = await coalition.enrol('refusing', ['fabrikam.example'])
    const token = await coalition.session(mallory)
    const answers = new Set<string>()
    for (const id of ['a'.repeat(32), closed.id, refusing.id]) {
      const looked = await coalition.ask(`/api/mailboxes/${id}`, { token })
      const message = await messageTo(coalition, mallory, refusing.certificateBytes)
      const bundle = bundleOf(paddedLines([mailboxLine(id, message)], id))
      const uploaded = await upload(coalition, token, bundle)
      for (const { headers, status, text } of [looked, uploaded])
        answers.add(JSON.stringify([status, text, [...headers]]))
    }
    expect(answers.size).toBe(1)
    expect([...answers][0]).toContain('mailbox-unavailable')
  })

  test('finds no list of them, and no line of a bundle of others', async () => {
    const token = await coalition.session(mallory)
    for (const path of [
      '/api/mailboxes',
      '/api/mailboxes/',
      `/api/bundles/${'0'.repeat(64)}/lines/0`,
    ])
      expect((await coalition.ask(path, { token })).reason).toBe('not-found')
  })
})

describe('a member who floods the server', () => {
  test('is stopped at its quota of bundles that are not filed, and others are not', async () => {
    const token = await coalition.session(mallory)
    const results: (string | undefined)[] = []
    for (let i = 0; i < 17; i++) {
      const bundle = bundleOf(paddedLines([], `flood ${String(i)}`))
      const first = bundle.bytes.subarray(0, (bundle.lines[0]?.length ?? 0) + 1)
      results.push(
        (
          await upload(coalition, token, {
            ...bundle,
            bytes: first,
            totalBytes: bundle.bytes.length,
          })
        ).reason,
      )
    }
    expect(results.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => undefined))
    expect(results.at(-1)).toBe('bundle-over-quota')
    const theirs = await coalition.session(fabrikam)
    const bundle = bundleOf(paddedLines([], sha256Hex(new Uint8Array())))
    expect((await upload(coalition, theirs, bundle)).status).toBe(201)
  })

  test('cannot announce more in a day than its quota, also where every bundle is filed or given up', async () => {
    const ref = { kind: 'quota', id: 'fabrikam.example' }
    const [quota] = await coalition.ports.storage.readSubjects([ref])
    const spent = { day: dayOf(coalition.clock.now()), bytes: BUNDLE_BYTES_PER_DAY_MAX }
    const write = { ...ref, expected: quota?.version ?? 0, state: JSON.stringify(spent) }
    const nothing = { guards: [], acts: [], signatures: [], records: [] }
    await coalition.ports.storage.commit({ ...nothing, subjects: [write] })
    const token = await coalition.session(fabrikam)
    const bundle = bundleOf(paddedLines([], 'one more'))
    expect((await upload(coalition, token, bundle)).reason).toBe('bundle-over-quota')
    coalition.clock.advance(DAY_SECONDS)
    const tomorrow = await coalition.session(fabrikam)
    expect((await upload(coalition, tomorrow, bundle)).status).toBe(201)
  })
})
