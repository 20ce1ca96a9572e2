import { readPrivateKey } from 'openpgp'
import { composeCampaignMessage } from '#client/campaign.ts'
import { fetchDirectory } from '#client/directory.ts'
import { verifyLineList } from '#client/line-list.ts'
import { composeEnrolment, findWork, mailboxSecrets } from '#client/mailbox.ts'
import { answerChallenge, unlockKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import type { Recipient } from '#client/recipients.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { textHash } from '#core/template.ts'
import type { CampaignMessage } from '#wire/campaign.ts'
import {
  type Coalition,
  type Company,
  type Customer,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { companyKey, customerKey } from '#test/helpers/coalition-keys.ts'
import {
  composeLines,
  connect,
  type Desk,
  fileLines,
  openDesk,
  pinsOf,
} from '#test/helpers/filing.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { readNotice } from '#test/helpers/reading.ts'
import { accountTemplate, BRIEF, FACTS } from '#test/helpers/statements.ts'
import { ACCOUNTS, CAMPAIGN_TEXTS, SENTENCES } from './seizure-markers.ts'

/** Lets everything happen that a server is there for, with real names and texts wherever people put them. */
export async function playStory(coalition: Coalition): Promise<void> {
  await governs(coalition)
  const customers = await enrols(coalition)
  const campaign = await opensCampaign(coalition)
  const notice = await files(coalition, { campaign, customers })
  const { fabrikam, litware } = threeOf(coalition)
  const statements = ['issuer_is_genuine', 'same_actor_seen'] as const
  idOf(await coalition.submit('notice.support', { notice, statements }, fabrikam))
  for (const customer of customers) await reads(coalition, { customer, notice })
  idOf(await coalition.submit('notice.support', { notice, statements }, litware))
  const [first, second] = customers
  if (first === undefined || second === undefined) throw new Error('customers are missing')
  await rotates(coalition, first)
  idOf(await coalition.submit('mailbox.close', {}, second))
}

/** Admission, suspension, officers, certificates, policy, a template. */
async function governs(coalition: Coalition): Promise<void> {
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const northwind = await companyKey('northwind.example')
  const officers = [await offered(coalition, northwind)]
  const admission = { domain: northwind.domain, kind: 'partner', officers } as const
  idOf(await coalition.submit('party.admit', admission, contoso, fabrikam))
  const second = await companyKey(contoso.domain, 'second')
  idOf(await coalition.submit('officer.add', await offered(coalition, second), contoso))
  const { fingerprint } = second.key
  const change = { duties: ['admin', 'reporter'], fingerprint } as const
  idOf(await coalition.submit('officer.change', change, contoso))
  const renewed = await (await readPrivateKey({ armoredKey: second.privateArmored })).addSubkey({})
  const key = accepted(await unlockKey(renewed.armor(), ''))
  const certificate = renewed.toPublic().write()
  const challenge = await coalition.challenge(key, certificate, 'officer')
  const body = { certificate: base64(certificate), challenge }
  idOf(await coalition.submit('certificate.replace', body, contoso))
  const policy = { rules: [{ duties: ['counsel'], type: 'campaign.share' }], two_officers: false }
  idOf(await coalition.submit('party.policy', { ...policy, rules: [] }, litware))
  idOf(await coalition.submit('officer.retire', { fingerprint, reason: 'retired' }, contoso))
  const suspension = { domain: northwind.domain, reason: 'inactive' } as const
  idOf(await coalition.submit('party.suspend', suspension, contoso, fabrikam, litware))
  await adopts(coalition, contoso)
}

async function offered(coalition: Coalition, officer: Company) {
  const { certificate, certificateBytes, key } = officer
  const challenge = await coalition.challenge(key, certificateBytes, 'officer')
  return { certificate, challenge, duties: DUTIES }
}

async function adopts(coalition: Coalition, company: Company): Promise<void> {
  const token = await coalition.session(company)
  const { manifest, texts } = accountTemplate()
  for (const text of texts.values()) {
    const path = `/api/templates/${textHash(text)}`
    const body = Uint8Array.from(canonicalJson(text))
    const kept = await coalition.ask(path, { method: 'PUT', token, body })
    if (kept.status !== 201) throw new Error(kept.text)
  }
  idOf(await coalition.submit('template.adopt', { manifest }, company))
}

/** One mailbox by invitation, one by work; the second changes who may file to it. */
async function enrols(coalition: Coalition): Promise<readonly Customer[]> {
  const invited = await coalition.enrol('seized')
  const now = coalition.clock.now()
  const secrets = await mailboxSecrets(now, systemRandom, { passphrase: '', unprotected: true })
  const key = accepted(await unlockKey(secrets.key.privateArmored, ''))
  const { publicBytes: certificate, privateArmored } = secrets.key
  const api = connect(coalition)
  const expected = { origin: ORIGIN, purpose: 'mailbox', fingerprint: secrets.fingerprint }
  const message = accepted(await api.requestChallenge({ certificate, purpose: 'mailbox' }))
  const day = new Date(now * 1000).toISOString().slice(0, 10)
  const payload = composeEnrolment({
    mailbox: { ...secrets, certificate },
    challenge: accepted(await answerChallenge(key, message, expected)),
    admission: { work: await findWork(secrets.id, { day }) },
    directory: String((await coalition.ask('/api/directory')).body['head']),
    origin: ORIGIN,
    now,
    nonce: systemRandom(16),
  })
  const { id, salt } = secrets
  const stranger: Customer = { id, key, certificateBytes: certificate, privateArmored, salt }
  idOf(await coalition.post(payload, await coalition.sign(stranger, payload)))
  idOf(await coalition.submit('mailbox.filers', { filers: ['contoso.example'] }, stranger))
  const filers = ['contoso.example', 'fabrikam.example']
  idOf(await coalition.submit('mailbox.filers', { filers }, stranger))
  return [invited, stranger]
}

/** Opens a campaign, has it accepted, and shares its content. */
async function opensCampaign(coalition: Coalition): Promise<string> {
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const { finding, hash, indicator, sector, terms } = CAMPAIGN_TEXTS
  const label = await sealed(coalition, {
    kind: 'campaign.label',
    sector,
    terms: [terms],
    tlp: 'TLP:AMBER+STRICT',
    urgency: 'hours',
  })
  const invited = [fabrikam.domain, litware.domain]
  const campaign = idOf(await coalition.submit('campaign.open', { invited, label }, contoso))
  for (const company of [fabrikam, litware])
    idOf(await coalition.submit('campaign.accept', { campaign }, company))
  const content = await sealed(coalition, {
    kind: 'campaign.content',
    campaign,
    findings: [finding],
    indicators: [indicator, hash],
  })
  idOf(await coalition.submit('campaign.share', { campaign, content }, contoso))
  const token = await coalition.session(litware)
  if ((await coalition.ask(`/api/briefs/${content}`, { token })).status !== 200)
    throw new Error('the content cannot be read')
  return campaign
}

type Told<T = CampaignMessage> = T extends CampaignMessage
  ? Omit<T, 'author' | 'genesis' | 'origin' | 'v'>
  : never

/** Encrypts a message of Contoso to the parties of the campaign, and uploads it. */
async function sealed(coalition: Coalition, told: Told): Promise<string> {
  const { contoso } = threeOf(coalition)
  const api = connect(coalition, await coalition.session(contoso))
  const { directory } = accepted(await fetchDirectory(api, await pinsOf(coalition)))
  const head = { author: contoso.domain, genesis: coalition.ports.genesis, origin: ORIGIN, v: 1 }
  const { message } = accepted(
    await composeCampaignMessage({
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the two parts of each kind of message
      message: { ...head, ...told } as CampaignMessage,
      parties: ['fabrikam.example', 'litware.example'],
      directory,
      key: contoso.key,
      at: coalition.clock.now(),
    }),
  )
  return accepted(await api.uploadBrief(message))
}

/** Files a joint notice for everybody, to be released by one support. */
async function files(
  coalition: Coalition,
  to: { readonly campaign: string; readonly customers: readonly Customer[] },
): Promise<string> {
  const { campaign, customers } = to
  const { contoso } = threeOf(coalition)
  const opened = await openDesk(coalition, contoso)
  const [first, ...others] = BRIEF.help
  if (first === undefined) throw new Error('there is no helper')
  const help = [{ ...first, name: CAMPAIGN_TEXTS.helper }, ...others]
  const brief = { ...BRIEF, method_plain: CAMPAIGN_TEXTS.method, help }
  const desk: Desk = { ...opened, plan: { ...opened.plan, brief } }
  const { salts, template } = desk.plan
  const brief_message = await sealed(coalition, {
    kind: 'notice.brief',
    brief: { content: brief, salt: salts.brief },
    campaign,
    template: { hash: template.hash, salt: salts.template },
  })
  const { composed } = await composeLines(coalition, desk, recipients(customers))
  if (composed.undeliverable.length > 0) throw new Error(JSON.stringify(composed.undeliverable))
  const until = new Date((desk.plan.at + 3600) * 1000).toISOString().replace('.000', '')
  const twist = { campaign, brief_message, joint: { required: 1, until } }
  return (await fileLines(coalition, desk, { lines: composed.lines, twist })).id
}

function recipients(customers: readonly Customer[]): readonly Recipient[] {
  return ACCOUNTS.map((account, i) => {
    const mailbox = customers[i]
    return {
      account,
      language: i % 2 === 0 ? 'en' : 'fr',
      facts: { ...FACTS, seen: SENTENCES[i] ?? '' },
      line: i + 2,
      ...(mailbox === undefined ? {} : { mailbox: mailbox.id }),
    }
  })
}

/** Opens and proves a notice, and says so. */
async function reads(
  coalition: Coalition,
  told: { readonly customer: Customer; readonly notice: string },
): Promise<void> {
  const { customer, notice } = told
  const token = await coalition.session(customer)
  const api = connect(coalition, token)
  const opened = accepted(await readNotice(api, customer, await pinsOf(coalition)))
  const text = opened.rendered.lines.join(' ')
  if (!SENTENCES.some((sentence) => text.includes(sentence)))
    throw new Error('the notice does not say what it must')
  const list = accepted(await api.readLineList(customer.id))
  const { directory } = accepted(await fetchDirectory(api, await pinsOf(coalition)))
  const expected = { mailbox: customer.id, origin: ORIGIN }
  const { lines } = accepted(await verifyLineList(list, directory.serviceCertificates, expected))
  const index = lines[0]?.index ?? -1
  idOf(await coalition.submit('notice.acknowledge', { index, notice }, customer))
}

async function rotates(coalition: Coalition, customer: Customer): Promise<void> {
  const next = await customerKey('seized again')
  const challenge = await coalition.challenge(next.key, next.certificateBytes, 'mailbox')
  const body = { certificate: base64(next.certificateBytes), challenge }
  idOf(await coalition.submit('mailbox.rotate', body, customer))
}
