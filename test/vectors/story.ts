import { composeAct } from '#client/act.ts'
import { mailboxLine, productLine } from '#client/envelope.ts'
import { encryptTo, signDetached, signEntity, type UnlockedKey } from '#client/openpgp.ts'
import { type Author, NO_HEAD } from '#core/act.ts'
import { type ActBodies, type ActType, DUTIES } from '#core/act-bodies.ts'
import { lineHash } from '#core/bundle.ts'
import { fromBase64, hex, utf8 } from '#core/bytes.ts'
import { checkCodeOf } from '#core/check-code.ts'
import { briefCommitment, lineCommitment, templateCommitment } from '#core/commitment.ts'
import { composeEntity } from '#core/entity.ts'
import { sha256Hex } from '#core/hash.ts'
import { type MerkleTree, merkleTree, treeRoot } from '#core/log/merkle.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import type { NoticeRecipient, NoticeStatement } from '#core/notice-statement.ts'
import type { Result } from '#core/result.ts'
import { midnightOf } from '#core/time.ts'
import { accountTemplate, accountText, BRIEF, FACTS } from '#test/helpers/statements.ts'
import { type KeyName, type Keys, keyOf, NOW, ORIGIN, seeded, seededHex } from './keys.ts'
import { type Log, openLog } from './log.ts'

/** An act with its signatures. */
export interface Sealed {
  readonly payload: Uint8Array
  readonly id: string
  readonly signatures: readonly string[]
}

/** What is signed by whom, and when. */
export interface Signing<T extends ActType> {
  readonly type: T
  readonly body: ActBodies[T]
  readonly by: Author
  readonly directory: string
  readonly keys: readonly KeyName[]
  readonly at?: number
}

/** Everything that happens in the coalition of the vectors. */
export interface Story {
  readonly keys: Keys
  readonly log: Log
  readonly statement: NoticeStatement
  readonly entity: Uint8Array
  readonly product: {
    readonly statement: NoticeStatement
    readonly signed: Uint8Array
    readonly salt: string
  }
  readonly bundle: {
    readonly lines: readonly string[]
    readonly root: string
    readonly tree: MerkleTree
  }
  readonly mailbox: string
  readonly message: Uint8Array
  readonly acts: {
    readonly charter: Sealed
    readonly admission: Sealed
    readonly notice: Sealed
    readonly support: Sealed
    readonly enrolment: Sealed
    readonly rotation: Sealed
    readonly acknowledgement: Sealed
  }
  /** Hashes of the two records of the chain. */
  readonly heads: readonly [string, string]
  sign<T extends ActType>(signing: Signing<T>): Promise<Sealed>
}

export const ALICE_SALT = seededHex('mailbox of alice', 32)
export const INVITATION = seededHex('invitation')
const ACCOUNT = 'anna@contoso.example'

/** The value of something that cannot fail here. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.reason}: ${result.refusal.detail ?? ''}`)
  return result.value
}

/** Lets everything happen, at one moment. */
export async function tellStory(keys: Keys): Promise<Story> {
  const sign = signerOf(keys)
  const mailbox = mailboxId(keys.openpgp.alice.fingerprint, ALICE_SALT)
  const charter = await sign(charterOf(keys))
  const log = openLog(keys)
  const first = log.record(charter, { prev: NO_HEAD })
  log.head(first)
  const admission = await sign(admissionOf(keys, first))
  const second = log.record(admission, { prev: first })
  log.head(second)
  for (let i = 0; i < 3; i++) log.stranger(second)

  const notices = await composeNotices(keys, { genesis: charter.id, mailbox })
  const bundle = composeBundle(mailbox, notices)
  const notice = await sign(noticeOf(keys, { notices, root: bundle.root, head: second }))
  log.record(notice, { directory: second })
  const support = await sign({
    type: 'notice.support',
    body: { notice: notice.id, statements: ['issuer_is_genuine', 'same_actor_seen'] },
    by: { party: 'fabrikam.example' },
    directory: second,
    keys: ['fabrikam'],
  })
  log.record(support, { directory: second })
  const customer = await customerActs(keys, { sign, mailbox, head: second })
  const acknowledgement = await sign({
    type: 'notice.acknowledge',
    body: { index: bundle.lines.indexOf(mailboxLine(mailbox, notices.message)), notice: notice.id },
    by: { mailbox },
    directory: second,
    keys: ['alice_new'],
  })
  for (const act of [customer.enrolment, customer.rotation, acknowledgement]) {
    log.record(act, { directory: second })
  }
  log.head(second)
  for (let i = 0; i < 6; i++) log.stranger(second)
  const acts = { charter, admission, notice, support, acknowledgement, ...customer }
  return { keys, log, ...notices, bundle, mailbox, acts, heads: [first, second], sign }
}

/** Signs acts with nonces of their own, counted from `acts` on. */
export function signerOf(keys: Keys, acts = 0): Story['sign'] {
  let made = acts
  return async ({ at = NOW, keys: signers, ...draft }) => {
    made += 1
    const nonce = seeded(`nonce ${String(made)}`).slice(0, 16)
    const payload = composeAct({ ...draft, now: at, nonce, origin: ORIGIN })
    const isCustomer = 'mailbox' in draft.by || 'key' in draft.by
    const time = { at: isCustomer ? midnightOf(at) : at }
    const signatures: string[] = []
    for (const name of signers) {
      signatures.push(await signDetached(await keyOf(keys, name), payload, time))
    }
    return { payload, id: sha256Hex(payload), signatures }
  }
}

function charterOf(keys: Keys): Signing<'charter.adopt'> {
  const founder = (domain: string, name: KeyName) => ({
    domain,
    officers: [{ certificate: keys.openpgp[name].certificate, duties: DUTIES }],
  })
  return {
    type: 'charter.adopt',
    body: {
      founders: [founder('contoso.example', 'contoso'), founder('fabrikam.example', 'fabrikam')],
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
      templates: [accountTemplate().hash],
      witnesses: { keys: keys.witnesses.map(({ vkey }) => vkey).toSorted(), quorum: 2 },
    },
    by: { party: 'contoso.example' },
    directory: NO_HEAD,
    keys: ['contoso', 'fabrikam'],
  }
}

/** The new party may govern, but neither report nor review. */
function admissionOf(keys: Keys, head: string): Signing<'party.admit'> {
  const { certificate } = keys.openpgp.litware
  const officers = [{ certificate, challenge: seededHex('challenge'), duties: ['admin' as const] }]
  return {
    type: 'party.admit',
    body: { domain: 'litware.example', kind: 'member', officers },
    by: { party: 'fabrikam.example' },
    directory: head,
    keys: ['fabrikam', 'contoso'],
  }
}

async function composeNotices(keys: Keys, for_: { genesis: string; mailbox: string }) {
  const reporter = await keyOf(keys, 'contoso')
  const { fingerprint } = keys.openpgp.alice_new
  const statement = statementFor('notice of alice', for_.genesis, {
    fingerprint,
    mailbox: for_.mailbox,
  })
  const entity = must(composeEntity(statement, accountText('en')))
  const certificate = fromBase64(keys.openpgp.alice_new.certificate) ?? new Uint8Array()
  const signed = await signEntity(reporter, entity, { at: NOW })
  const message = await encryptTo(certificate, signed, { at: NOW })
  return { statement, entity, message, product: await productNotice(reporter, for_.genesis) }
}

async function productNotice(reporter: UnlockedKey, genesis: string): Promise<Story['product']> {
  const statement = statementFor('notice of anna', genesis, { account: ACCOUNT })
  const entity = must(composeEntity(statement, accountText('en')))
  return {
    statement,
    signed: await signEntity(reporter, entity, { at: NOW }),
    salt: seededHex('line salt'),
  }
}

function statementFor(label: string, genesis: string, to: NoticeRecipient): NoticeStatement {
  const content = {
    ...BRIEF,
    detected_on: '2025-11-19',
    next_update: '2025-12-01',
    window_from: '2025-11-03',
    window_to: '2025-11-18',
  }
  return {
    brief: { content, salt: seededHex('brief salt') },
    check: checkCodeOf(seeded(`check code of the ${label}`)),
    facts: FACTS,
    filer: 'contoso.example',
    genesis,
    kind: 'first',
    language: 'en',
    notice: seededHex(label, 32),
    origin: ORIGIN,
    template: { hash: accountTemplate().hash, salt: seededHex('template salt') },
    to,
    v: 1,
  }
}

function composeBundle(
  mailbox: string,
  { message, product }: Pick<Story, 'message' | 'product'>,
): Story['bundle'] {
  const own = [
    mailboxLine(mailbox, message),
    productLine(lineCommitment(product.salt, product.signed)),
  ]
  const padding = Array.from({ length: 1024 - own.length }, (_, i) =>
    productLine(seededHex(`padding ${String(i)}`)),
  )
  const lines = [...own, ...padding].toSorted()
  const tree = merkleTree(lines.map(lineHash))
  return { lines, root: hex(treeRoot(tree)), tree }
}

function noticeOf(
  keys: Keys,
  of: { notices: Pick<Story, 'statement'>; root: string; head: string },
): Signing<'notice.file'> {
  const { brief, template } = of.notices.statement
  return {
    type: 'notice.file',
    body: {
      brief: briefCommitment(brief.salt, brief.content),
      brief_message: sha256Hex(utf8('an OpenPGP message')),
      bundle: { count: 1024, root: of.root },
      campaign: sha256Hex(utf8('a campaign')),
      kind: 'first',
      reporter: keys.openpgp.contoso.fingerprint,
      template: templateCommitment(template.salt, template.hash),
    },
    by: { party: 'contoso.example' },
    directory: of.head,
    keys: ['contoso'],
  }
}

async function customerActs(
  keys: Keys,
  by: { sign: Story['sign']; mailbox: string; head: string },
): Promise<{ enrolment: Sealed; rotation: Sealed }> {
  const { alice, alice_new: next } = keys.openpgp
  const enrolment = await by.sign({
    type: 'mailbox.enrol',
    body: {
      certificate: alice.certificate,
      challenge: seededHex('challenge of alice'),
      identifiable: false,
      invitation: INVITATION,
      mailbox: by.mailbox,
      salt: ALICE_SALT,
    },
    by: { key: alice.fingerprint },
    directory: by.head,
    keys: ['alice'],
  })
  const rotation = await by.sign({
    type: 'mailbox.rotate',
    body: { certificate: next.certificate, challenge: seededHex('challenge of the next key') },
    by: { mailbox: by.mailbox },
    directory: by.head,
    keys: ['alice'],
  })
  return { enrolment, rotation }
}

/** What a party publishes of the invitation above. */
export const INVITATION_HASH = tokenHash(INVITATION)
