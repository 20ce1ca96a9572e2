import { base64, fromUtf8, hex, utf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import { treePath } from '#core/log/merkle.ts'
import type { MailboxLink, Receipt, SealedRecord } from '#core/receipt.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { NOW, ORIGIN, seededHex } from './keys.ts'
import type { Contents } from './schemas.ts'
import { must, type Sealed, type Story } from './story.ts'

type Change = Contents['receipts.json']['refused'][number]['changes'][number]
type Refused = Contents['receipts.json']['refused'][number]

/** Acts that no server would have logged, with records of them in the log all the same. */
export interface Unlawful {
  readonly stale: Sealed
  readonly unentitled: Sealed
}

/** Logs what a dishonest operator could: an act signed too long ago, and a support by an officer without the duty. */
export async function logUnlawful(story: Story): Promise<Unlawful> {
  const { acts, heads, log } = story
  const directory = heads[1]
  const parsed = must(parseAct(acts.notice.payload)).act
  if (parsed.type !== 'notice.file') throw new Error('no notice')
  const by = { party: 'contoso.example' }
  const at = NOW - 40 * 86_400
  const stale = await story.sign({
    type: parsed.type,
    body: parsed.body,
    by,
    directory,
    keys: ['contoso'],
    at,
  })
  log.record(stale, { directory })
  const unentitled = await story.sign({
    type: 'notice.support',
    body: { notice: acts.notice.id, statements: ['method_reviewed'] },
    by: { party: 'litware.example' },
    directory,
    keys: ['litware'],
  })
  log.record(unentitled, { directory })
  return { stale, unentitled }
}

export async function makeReceipts(
  story: Story,
  unlawful: Unlawful,
): Promise<Contents['receipts.json']> {
  const { acts, bundle } = story
  const anchor = { genesis: acts.charter.id, origin: ORIGIN }
  const notice = noticeReceipt(story)
  const acknowledgement = acknowledgementReceipt(story)
  const index = bundle.lines.findIndex((line) => line.startsWith('{"mailbox"'))
  const line = { count: bundle.lines.length, index, path: treePath(bundle.tree, index).map(hex) }
  const text = bundle.lines[index] ?? ''
  const refusal = 'receipt-line-wrong'
  return {
    anchor,
    valid: [
      { name: 'notice', receipt: notice, expected: await expectedOf(notice, anchor) },
      {
        name: 'acknowledgement',
        receipt: acknowledgement,
        expected: await expectedOf(acknowledgement, anchor),
      },
    ],
    refused: [...refusedNotices(story, notice, unlawful), ...refusedAcknowledgements(story)],
    line: {
      text,
      refused: [
        { name: 'another place', line: { ...line, index: index - 1 }, text, refusal },
        { name: 'another count', line: { ...line, count: 2048 }, text, refusal },
        {
          name: 'a path cut short',
          line: { ...line, path: line.path.slice(0, -1) },
          text,
          refusal,
        },
        { name: 'another line', line, text: bundle.lines[index - 1] ?? '', refusal },
        { name: 'the line with its line feed', line, text: `${text}\n`, refusal },
      ],
    },
  }
}

/** An act with its signatures and the proof of its record. */
export function sealed(
  { log }: Pick<Story, 'log'>,
  { id, payload, signatures }: Sealed,
  witnesses: number,
): SealedRecord {
  return { payload: base64(payload), proof: log.proof(log.indexOf(id), witnesses), signatures }
}

function directoryOf(story: Story, witnesses: number): Receipt['directory'] {
  const { acts, heads, log } = story
  const link = ({ id, payload, signatures }: Sealed) => ({
    addendum: base64(log.addenda[log.indexOf(id)] ?? new Uint8Array()),
    payload: base64(payload),
    signatures,
  })
  return {
    chain: [link(acts.charter), link(acts.admission)],
    head: heads[1],
    proof: log.proof(lastHead(story), witnesses),
  }
}

/** Where the last `directory.head` record stands. */
export function lastHead({ log }: Pick<Story, 'log'>): number {
  return log.addenda.findLastIndex(
    (addendum) => fromUtf8(addendum.subarray(32))?.includes('directory.head') === true,
  )
}

function noticeReceipt(story: Story): Contents['receipts.json']['valid'][number]['receipt'] {
  const { acts, bundle } = story
  const index = bundle.lines.findIndex((line) => line.startsWith('{"mailbox"'))
  return plain({
    act: sealed(story, acts.notice, 2),
    directory: directoryOf(story, 2),
    genesis: acts.charter.id,
    line: { count: bundle.lines.length, index, path: treePath(bundle.tree, index).map(hex) },
    origin: ORIGIN,
    supports: [sealed(story, acts.support, 2)],
    v: 1,
  })
}

export function linkOf({ payload, signatures }: Sealed): MailboxLink {
  return { payload: base64(payload), signatures }
}

function acknowledgementReceipt(
  story: Story,
): Contents['receipts.json']['valid'][number]['receipt'] {
  const { acts } = story
  return plain({
    act: sealed(story, acts.acknowledgement, 1),
    directory: directoryOf(story, 1),
    genesis: acts.charter.id,
    mailbox: [linkOf(acts.enrolment), linkOf(acts.rotation)],
    origin: ORIGIN,
    supports: [],
    v: 1,
  })
}

/** What a reader of the file gets. */
export function plain(receipt: Receipt): Contents['receipts.json']['valid'][number]['receipt'] {
  const read = must(parseReceipt(JSON.stringify(receipt)))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- core calls readonly what the schema calls mutable
  return read as Contents['receipts.json']['valid'][number]['receipt']
}

export async function expectedOf(
  receipt: Receipt,
  anchor: { genesis: string; origin: string },
): Promise<Contents['receipts.json']['valid'][number]['expected']> {
  const verified = must(await verifyReceipt(receipt, anchor, parseAct))
  return {
    act: verified.parsed.id,
    type: verified.parsed.act.type,
    status: verified.status,
    witnessed: verified.witnessed,
    witness_quorum: verified.witnessQuorum,
    leaf_index: verified.leafIndex,
    tree_size: verified.treeSize,
    head: receipt.directory.head,
    signers: verified.signatures.map(({ fingerprint, party }) => ({ fingerprint, party })),
    supports: verified.supports.map(({ party, statements }) => ({
      party,
      statements: [...statements],
    })),
    roster: [...verified.directory.parties.values()].map(({ domain, officers }) => ({
      domain,
      officers: [...officers.keys()],
    })),
  }
}

/** Puts a value somewhere. */
export function set(path: Change['path'], value: Json): Change {
  return { path, value }
}

export type Mutation = (name: string, refusal: string, ...changes: Change[]) => Refused

/** Names what is wrong with a copy of a valid receipt. */
export function mutationsOf(base: Refused['base']): Mutation {
  return (name, refusal, ...changes) => ({ base, name, refusal, changes })
}

/** Another character of base64 a little after a mark. */
function flip(proof: string, mark: string, after: number): string {
  const at = proof.indexOf(mark) + mark.length + after
  return `${proof.slice(0, at)}${proof[at] === 'A' ? 'B' : 'A'}${proof.slice(at + 1)}`
}

export function json(record: SealedRecord): Json {
  return { ...record }
}

function refusedNotices(story: Story, good: Receipt, unlawful: Unlawful): Refused[] {
  const { acts, heads, log } = story
  const one = mutationsOf('notice')
  const text = fromUtf8(acts.notice.payload) ?? ''
  const another = text.replace(
    /"nonce":"./,
    (found) => `${found.slice(0, -1)}${found.endsWith('0') ? '1' : '0'}`,
  )
  const [bySupporter = ''] = acts.support.signatures
  const [byCustomer = ''] = acts.enrolment.signatures
  const [byAuthor = ''] = acts.notice.signatures
  const { proof } = good.act
  const [charter, admission] = good.directory.chain ?? []
  const forked = base64(
    utf8((fromUtf8(acts.admission.payload) ?? '').replace(/"nonce":"../, '"nonce":"00')),
  )
  return [
    one('of another version', 'receipt-malformed', set(['v'], 2)),
    one('with a member more', 'receipt-malformed', set(['note'], 'genuine')),
    one('without the supports', 'receipt-malformed', { path: ['supports'] }),
    one('of another coalition', 'receipt-origin-wrong', set(['origin'], 'other.example')),
    one(
      'of another charter',
      'receipt-genesis-wrong',
      set(['genesis'], seededHex('another genesis')),
    ),
    {
      ...one(
        'held against another charter',
        'receipt-genesis-wrong',
        set(['genesis'], seededHex('another genesis')),
      ),
      anchor: { genesis: seededHex('another genesis'), origin: ORIGIN },
    },
    one(
      'with another act',
      'receipt-not-logged',
      set(['act', 'payload'], base64(acts.support.payload)),
    ),
    one('with another nonce', 'receipt-not-logged', set(['act', 'payload'], base64(utf8(another)))),
    one(
      'with a space in the act',
      'act-not-canonical',
      set(['act', 'payload'], base64(utf8(`${text} `))),
    ),
    one(
      'signed by another party',
      'signer-not-entitled',
      set(['act', 'signatures'], [bySupporter]),
    ),
    one('signed by nobody', 'receipt-signature-wrong', set(['act', 'signatures'], [])),
    one('signed by a stranger', 'signature-not-accepted', set(['act', 'signatures'], [byCustomer])),
    one(
      'with its signature twice',
      'receipt-signature-wrong',
      set(['act', 'signatures'], [byAuthor, byAuthor]),
    ),
    one(
      'with a signature of its author over another act',
      'signature-not-accepted',
      set(['act', 'signatures'], [unlawful.stale.signatures[0] ?? '']),
    ),
    one(
      'with text before the signature',
      'armor-surrounded',
      set(['act', 'signatures'], [`Genuine:\n${byAuthor}`]),
    ),
    one('with another salt', 'proof-wrong', set(['act', 'proof'], flip(proof, 'extra ', 10))),
    one(
      'with the proof of another record',
      'receipt-not-logged',
      set(['act', 'proof'], log.proof(log.indexOf(acts.support.id))),
    ),
    one(
      'with another root',
      'note-signature-wrong',
      set(['act', 'proof'], flip(proof, `\n${String(log.addenda.length)}\n`, 4)),
    ),
    one(
      'without the signature of the log',
      'note-unsigned',
      set(['act', 'proof'], proof.replace(/\u2014 coalition\.example .*\n/, '')),
    ),
    one('without the governance chain', 'receipt-directory-broken', {
      path: ['directory', 'chain'],
    }),
    one('with an older chain', 'receipt-directory-broken', { path: ['directory', 'chain', 1] }),
    one('with an older head', 'receipt-directory-broken', set(['directory', 'head'], heads[0])),
    one(
      'with the first head',
      'receipt-directory-broken',
      set(['directory', 'proof'], log.proof(1)),
    ),
    one('with a head record that is none', 'receipt-malformed', set(['directory', 'proof'], proof)),
    one(
      'with a chain in another order',
      'directory-broken',
      set(['directory', 'chain'], [{ ...admission }, { ...charter }]),
    ),
    one(
      'with a link twice',
      'directory-broken',
      set(['directory', 'chain'], [{ ...charter }, { ...admission }, { ...admission }]),
    ),
    one(
      'with another act in the chain',
      'directory-broken',
      set(['directory', 'chain', 1, 'payload'], forked),
    ),
    one(
      'with a vote less in the chain',
      'receipt-signature-wrong',
      set(['directory', 'chain', 1, 'signatures'], acts.admission.signatures.slice(0, 1)),
    ),
    one(
      'with a support twice',
      'receipt-malformed',
      set(['supports'], [...good.supports, ...good.supports].map(json)),
    ),
    one('with a support that is none', 'receipt-malformed', set(['supports'], [json(good.act)])),
    one(
      'with another support',
      'receipt-not-logged',
      set(['supports', 0, 'payload'], base64(unlawful.unentitled.payload)),
    ),
    one(
      'with a support by an officer without the duty',
      'signer-not-entitled',
      set(['supports'], [json(sealed(story, unlawful.unentitled, 2))]),
    ),
    one(
      'of an act that was signed 40 days before',
      'signature-stale',
      set(['act'], json(sealed(story, unlawful.stale, 2))),
    ),
  ]
}

function refusedAcknowledgements({ acts }: Story): Refused[] {
  const one = mutationsOf('acknowledgement')
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- beside its only uses
  const link = (act: Sealed): Json => ({ ...linkOf(act) })
  return [
    one('without the mailbox’s chain', 'chain-broken', { path: ['mailbox'] }),
    one('without the newest key', 'signature-not-accepted', { path: ['mailbox', 1] }),
    one('without the first key', 'chain-broken', { path: ['mailbox', 0] }),
    one(
      'with a rotation that another signed',
      'chain-broken',
      set(['mailbox', 1, 'signatures'], acts.support.signatures),
    ),
    one(
      'with two enrolments',
      'chain-broken',
      set(['mailbox'], [link(acts.enrolment), link(acts.enrolment)]),
    ),
  ]
}
