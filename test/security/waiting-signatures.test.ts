import * as openpgp from 'openpgp'
import { afterEach, describe, expect, test } from 'vitest'
import { composeCampaignMessage } from '#client/campaign.ts'
import { fetchDirectory } from '#client/directory.ts'
import { unlockKey } from '#client/openpgp.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { DAY_SECONDS, formatInstant } from '#core/time.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { runDue } from '#service/run-due.ts'
import {
  type Coalition,
  type Company,
  foundCoalition,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import {
  connect,
  fileLines,
  foundWithTemplate,
  openDesk,
  pinsOf,
  recipientOf,
  composeLines,
} from '#test/helpers/filing.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { parseAct } from '#wire/act.ts'

// What was signed while an act waited is held against the roster at its effect, by the function that every reader verifies with. A server
// that counts what readers refuse would end the coalition: nobody could replay its chain any more.

let coalition: Coalition | undefined
afterEach(async () => {
  await coalition?.close()
  coalition = undefined
})

async function admission(c: Coalition, domain: string) {
  const { certificate, certificateBytes, key } = await companyKey(domain)
  const challenge = await c.challenge(key, certificateBytes, 'officer')
  const officer = { certificate, challenge, duties: ['admin', 'reporter'] } as const
  return { domain, kind: 'member', officers: [officer] } as const
}

/** Replaces a company's certificate by one with a fresh self-signature alone, as many programs do when an expiry date is moved. */
async function renew(c: Coalition, company: Company): Promise<void> {
  const privateKey = await openpgp.readPrivateKey({ armoredKey: company.privateArmored })
  const renewed = await openpgp.reformatKey({
    privateKey,
    userIDs: [{ name: 'officer' }],
    date: new Date((c.clock.now() - 10) * 1000),
    format: 'object',
  })
  const bytes = renewed.publicKey.write()
  const key = accepted(await unlockKey(renewed.privateKey.armor(), ''))
  const body = { certificate: base64(bytes), challenge: await c.challenge(key, bytes, 'officer') }
  const replaced = await c.submit('certificate.replace', body, company)
  expect(replaced.status, replaced.text).toBe(201)
}

async function isReadable(c: Coalition): Promise<boolean> {
  return (await fetchDirectory(connect(c), await pinsOf(c))).ok
}

describe('a certificate is renewed while a vote waits', () => {
  test('the earlier signature no longer counts, and every client still reads the chain', async () => {
    coalition = await foundCoalition()
    const { contoso, fabrikam } = threeOf(coalition)
    const body = await admission(coalition, 'newco.example')
    const payload = await coalition.compose('party.admit', body, contoso)
    const pending = await coalition.post(payload, await coalition.sign(contoso, payload))
    expect(pending.body['status']).toBe('pending')
    const id = String(pending.body['id'])
    coalition.clock.advance(60)
    await renew(coalition, contoso)

    const cosigned = await coalition.cosign(id, await coalition.sign(fabrikam, payload))
    expect(cosigned.body['status'], cosigned.text).toBe('pending')
    expect(await isReadable(coalition)).toBe(true)

    const again = await coalition.cosign(id, await coalition.sign(contoso, payload))
    expect(again.body['status'], again.text).toBe('effective')
    expect(await isReadable(coalition)).toBe(true)
  })
})

test('a recovery cannot be dated back to skip its seven public days', async () => {
  coalition = await foundCoalition()
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const newcomer = await admission(coalition, 'thief.example')
  coalition.clock.advance(-2 * DAY_SECONDS)
  const body = { ...newcomer, domain: litware.domain }
  const payload = await coalition.compose('party.admit', body, contoso)
  coalition.clock.advance(2 * DAY_SECONDS)
  const signatures = [contoso, fabrikam].map(async (party) => await coalition?.sign(party, payload))
  const signed = (await Promise.all(signatures)).filter((one) => one !== undefined)
  const taken = await coalition.post(payload, ...signed)
  expect([taken.status, taken.reason]).toEqual([422, 'act-too-old'])
})

test('a joint notice whose signer is reported as compromised before its release lapses', async () => {
  coalition = await foundWithTemplate()
  const [contoso, fabrikam] = coalition.companies
  if (contoso === undefined || fabrikam === undefined) throw new Error('two companies')
  const second = await companyKey(contoso.domain, 'second')
  const challenge = await coalition.challenge(second.key, second.certificateBytes, 'officer')
  const officer = { certificate: second.certificate, challenge, duties: DUTIES }
  await coalition.submit('officer.add', officer, contoso)
  const { id } = await fileJoint(coalition, contoso, fabrikam)

  coalition.clock.advance(60)
  const { fingerprint } = contoso.key
  await coalition.submit('officer.retire', { fingerprint, reason: 'compromised' }, second)
  coalition.clock.advance(3700)
  await runDue(coalition.ports)
  await coalition.ports.sequencer.flush()

  const api = connect(coalition, await coalition.session(second))
  expect(accepted(await api.readAct(id)).status).toBe('lapsed')
  const receipt = accepted(await api.readReceipt(id, { withChain: true }))
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  const verified = accepted(await verifyReceipt(receipt, anchor, parseAct))
  expect(verified.record.event).toBe('lapsed')
})

/** Files a notice that waits an hour for two supports. */
async function fileJoint(c: Coalition, filer: Company, other: Company): Promise<{ id: string }> {
  const desk = await openDesk(c, filer)
  const label = accepted(
    await composeCampaignMessage({
      message: {
        author: filer.domain,
        genesis: c.ports.genesis,
        kind: 'campaign.label',
        origin: ORIGIN,
        sector: 'Media',
        terms: [],
        tlp: 'TLP:RED',
        urgency: 'hours',
        v: 1,
      },
      parties: [other.domain],
      directory: desk.replay.directory,
      key: filer.key,
      at: c.clock.now(),
    }),
  )
  const brief_message = accepted(await desk.api.uploadBrief(label.message))
  const invitation = { invited: [other.domain], label: brief_message }
  const opened = await c.submit('campaign.open', invitation, filer)
  const campaign = String(opened.body['id'])
  await c.submit('campaign.accept', { campaign }, other)
  const { composed } = await composeLines(c, desk, [recipientOf('boris@contoso.example')])
  const until = formatInstant(c.clock.now() + 3600)
  const twist = { campaign, brief_message, joint: { required: 2, until } }
  return await fileLines(c, desk, { lines: composed.lines, twist })
}
