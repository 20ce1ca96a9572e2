import type { EnvelopeDraft } from '#client/envelope.ts'
import { verifyMailbox, type VerifiedMailbox } from '#client/mailbox.ts'
import type { NoticeExpectation } from '#client/open-envelope.ts'
import { signEntity } from '#client/openpgp.ts'
import { DUTIES, type Duty } from '#core/act-bodies.ts'
import { utf8 } from '#core/bytes.ts'
import { composeEntity } from '#core/entity.ts'
import type { NoticeRecipient, NoticeStatement } from '#core/notice-statement.ts'
import { accept } from '#core/result.ts'
import { type Coalition, type Company, type Customer, ORIGIN } from './coalition.ts'
import { companyKey } from './coalition-keys.ts'
import { type Desk, foundWithTemplate, openDesk } from './filing.ts'
import { accepted } from './openpgp-keys.ts'
import { FACTS, STATEMENT } from './statements.ts'

/** A coalition in which Contoso writes to Anna, and everybody who could write in its stead. */
export interface Stage {
  readonly coalition: Coalition
  readonly desk: Desk
  readonly contoso: Company
  readonly fabrikam: Company
  /** An officer of Contoso who may not report. */
  readonly counsel: Company
  /** Another officer of Contoso who may. */
  readonly secondReporter: Company
  readonly anna: Customer
  readonly annaMailbox: VerifiedMailbox
  readonly borisMailbox: VerifiedMailbox
}

/** Founds the coalition, enrols the mailboxes and opens Contoso's desk. */
export async function openStage(): Promise<Stage> {
  const coalition = await foundWithTemplate()
  const [contoso, fabrikam] = coalition.companies
  if (contoso === undefined || fabrikam === undefined) throw new Error('companies are missing')
  const anna = await coalition.enrol('anna')
  const boris = await coalition.enrol('boris')
  const counsel = await addOfficer({ coalition, contoso }, 'counsel', ['counsel'])
  const secondReporter = await addOfficer({ coalition, contoso }, 'second', DUTIES)
  const desk = await openDesk(coalition, contoso)
  const mailboxOf = async ({ id }: Customer): Promise<VerifiedMailbox> => {
    const served = accepted(await desk.api.readMailbox(id))
    return accepted(await verifyMailbox(served, { id, origin: ORIGIN, now: coalition.clock.now() }))
  }
  const annaMailbox = await mailboxOf(anna)
  const borisMailbox = await mailboxOf(boris)
  return {
    coalition,
    desk,
    contoso,
    fabrikam,
    counsel,
    secondReporter,
    anna,
    annaMailbox,
    borisMailbox,
  }
}

/** Adds an officer to Contoso. */
export async function addOfficer(
  { coalition, contoso }: Pick<Stage, 'coalition' | 'contoso'>,
  name: string,
  duties: readonly Duty[],
): Promise<Company> {
  const officer = await companyKey('contoso.example', name)
  const challenge = await coalition.challenge(officer.key, officer.certificateBytes, 'officer')
  const body = { certificate: officer.certificate, challenge, duties }
  const added = await coalition.submit('officer.add', body, contoso)
  if (added.status !== 201) throw new Error(added.text)
  return officer
}

/** What Contoso would write, or somebody with another pen, with some of it changed. */
export function draftOf(
  { contoso, desk }: Stage,
  twist: Partial<NoticeStatement> = {},
  signer: Company = contoso,
): EnvelopeDraft {
  const { plan } = desk
  const text = plan.template.texts.get('en')
  if (text === undefined) throw new Error('there is no English text')
  const statement = {
    brief: { content: plan.brief, salt: plan.salts.brief },
    check: STATEMENT.check,
    facts: FACTS,
    filer: plan.filer,
    genesis: plan.genesis,
    kind: plan.kind,
    language: 'en',
    notice: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
    origin: plan.origin,
    template: { hash: plan.template.hash, salt: plan.salts.template },
    v: 1 as const,
    ...twist,
  }
  return { statement, texts: text, reporterKey: signer.key, at: plan.at }
}

/** Whom a notice to a mailbox is for. */
export function toMailbox(mailbox: VerifiedMailbox): NoticeRecipient {
  return { fingerprint: mailbox.facts.fingerprint, mailbox: mailbox.id }
}

/** The signed notice of a draft for anybody, which the library would compose only for whom it is sent to. */
export async function signedFor(draft: EnvelopeDraft, to: NoticeRecipient): Promise<Uint8Array> {
  const { at, reporterKey, statement, texts } = draft
  return await signEntity(reporterKey, accepted(composeEntity({ ...statement, to }, texts)), { at })
}

/** A notice of the right length, well signed, with a sentence that is in no template. */
export async function signedAltered(stage: Stage, to: NoticeRecipient): Promise<Uint8Array> {
  const { at, reporterKey, statement, texts } = draftOf(stage)
  const original = new TextDecoder().decode(accepted(composeEntity({ ...statement, to }, texts)))
  const altered = original.replace('We never ask you to click', 'You now have to go click ')
  if (altered === original) throw new Error('the sentence to alter is not there')
  return await signEntity(reporterKey, utf8(altered), { at })
}

/** What a reader knows who pinned the coalition. */
export function expectationOf(
  { coalition, desk }: Stage,
  proof?: NoticeExpectation['proof'],
): NoticeExpectation {
  return {
    origin: ORIGIN,
    genesis: coalition.ports.genesis,
    directory: desk.replay.directory,
    findTemplate: async () => await Promise.resolve(accept(desk.plan.template)),
    proof,
  }
}
