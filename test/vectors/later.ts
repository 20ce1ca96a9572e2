import { base64 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import type { Receipt } from '#core/receipt.ts'
import { parseAct } from '#wire/act.ts'
import { type Keys, noteSigner, ORIGIN, seededHex } from './keys.ts'
import {
  expectedOf,
  json,
  lastHead,
  linkOf,
  type Mutation,
  mutationsOf,
  plain,
  sealed,
  set,
} from './make-receipts.ts'
import type { Contents } from './schemas.ts'
import { must, type Sealed, type Story } from './story.ts'

type Receipts = Contents['receipts.json']
type Valid = Receipts['valid'][number]

/** What the story after its first log needs of it. */
export type Before = Pick<Story, 'acts' | 'heads' | 'keys' | 'log' | 'mailbox' | 'sign'>

/** What happens later on the same day, and the receipts that were issued meanwhile. */
export interface Later extends Before {
  readonly joint: Receipt
  readonly earlier: Receipt
  readonly amendment: Receipt
  readonly after: Receipt
  /** Acts that a dishonest operator logged. */
  readonly releases: { readonly early: Sealed; readonly other: Sealed; readonly own: Sealed }
  /** Proofs of those in the tree of before the amendment, by act id. */
  readonly proofs: ReadonlyMap<string, string>
  /** Proofs of the last tree, which the log key of before signed. */
  readonly oldKey: { readonly act: string; readonly head: string }
}

/** The log key that follows. */
function nextKey(): Keys['log'] {
  const seed = seededHex('the next log key')
  const signer = noteSigner({ name: ORIGIN, seed, vkey: '' })
  return { name: ORIGIN, seed, vkey: formatVkey(verifierOf(signer, KEY_TYPE_ED25519)) }
}

/** A joint notice is released, an acknowledgement turns up that alice made with her first key, and the log key is replaced. */
export async function tellLater(before: Before): Promise<Later> {
  const { acts, log } = before
  const filed = await fileJointly(before)
  const earlier = await acknowledgeEarlier(before)
  log.head(before.heads[1])
  const joint = receiptOf(before, filed.joint, {
    release: sealed(before, filed.released, 2),
    supports: [sealed(before, filed.support, 2)],
  })
  const mailbox = [linkOf(acts.enrolment), linkOf(acts.rotation)]
  const earlierReceipt = receiptOf(before, earlier, { mailbox })
  const { releases } = filed
  const proofs = new Map(
    Object.values(releases).map(({ id }) => [id, log.proof(log.indexOf(id))] as const),
  )
  const amendment = await amend(before)
  const oldKey = {
    act: log.proof(log.indexOf(acts.notice.id)),
    head: log.proof(lastHead(before)),
  }
  log.useKey(nextKey())
  const amended = { ...before, amendment }
  const supports = [sealed(before, acts.support, 2)]
  return {
    ...before,
    joint,
    earlier: earlierReceipt,
    amendment: receiptOf(amended, amendment, {}),
    after: receiptOf(amended, acts.notice, { supports }),
    releases,
    proofs,
    oldKey,
  }
}

interface FiledJointly {
  readonly joint: Sealed
  readonly support: Sealed
  readonly released: Sealed
  readonly releases: Later['releases']
}

/** A joint notice, its support and its release; and releases that no server would have made. */
async function fileJointly(before: Before): Promise<FiledJointly> {
  const { acts, heads, sign } = before
  const [, directory] = heads
  const joint = record(before, await jointNotice(before))
  const support = record(
    before,
    await sign({
      type: 'notice.support',
      body: { notice: joint.id, statements: ['method_reviewed'] },
      by: { party: 'fabrikam.example' },
      directory,
      keys: ['fabrikam'],
    }),
  )
  const release = async (notice: Sealed, supports: readonly string[], by: 'contoso' | 'service') =>
    record(
      before,
      await sign({
        type: 'notice.release',
        body: { notice: notice.id, supports },
        by: { service: ORIGIN },
        directory,
        keys: [by],
      }),
    )
  return {
    joint,
    support,
    released: await release(joint, [support.id], 'service'),
    releases: {
      early: await release(joint, [], 'service'),
      other: await release(acts.notice, [support.id], 'service'),
      own: await release(joint, [support.id], 'contoso'),
    },
  }
}

/** An acknowledgement by the key that alice had before she replaced it. */
async function acknowledgeEarlier(before: Before): Promise<Sealed> {
  const { acts, heads, mailbox, sign } = before
  const acknowledgement = await sign({
    type: 'notice.acknowledge',
    body: { index: 5, notice: acts.notice.id },
    by: { mailbox },
    directory: heads[1],
    keys: ['alice'],
  })
  return record(before, acknowledgement)
}

function record({ heads, log }: Before, act: Sealed): Sealed {
  log.record(act, { directory: heads[1] })
  return act
}

async function jointNotice({ acts, heads, sign }: Before): Promise<Sealed> {
  const { act } = must(parseAct(acts.notice.payload))
  if (act.type !== 'notice.file') throw new Error('no notice')
  return await sign({
    type: 'notice.file',
    body: { ...act.body, joint: { required: 1, until: '2025-11-25T09:00:00Z' } },
    by: { party: 'contoso.example' },
    directory: heads[1],
    keys: ['contoso'],
  })
}

/** The charter names another log key; its record and the head that follows are the first that this key signs. */
async function amend({ acts, heads, log, sign }: Before): Promise<Sealed> {
  const { act } = must(parseAct(acts.charter.payload))
  if (act.type !== 'charter.adopt') throw new Error('no charter')
  const { quorums, service_certificate, witnesses } = act.body
  const amendment = await sign({
    type: 'charter.amend',
    body: { log_key: nextKey().vkey, quorums, service_certificate, witnesses },
    by: { party: 'contoso.example' },
    directory: heads[1],
    keys: ['contoso', 'fabrikam'],
  })
  log.head(log.record(amendment, { prev: heads[1] }))
  return amendment
}

function receiptOf(
  { acts, amendment, heads, log }: Before & { readonly amendment?: Sealed },
  act: Sealed,
  parts: Partial<Receipt>,
): Valid['receipt'] {
  const links = [acts.charter, acts.admission, ...(amendment === undefined ? [] : [amendment])]
  const chain = links.map((link) => ({
    addendum: base64(log.addenda[log.indexOf(link.id)] ?? new Uint8Array()),
    ...linkOf(link),
  }))
  return plain({
    act: sealed({ log }, act, 2),
    directory: {
      chain,
      head: amendment === undefined ? heads[1] : headIn(log.addenda.at(-1)),
      proof: log.proof(lastHead({ log })),
    },
    genesis: acts.charter.id,
    origin: ORIGIN,
    supports: [],
    v: 1,
    ...parts,
  })
}

/** The head that a `directory.head` record names. */
function headIn(addendum: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(addendum?.subarray(32))
  return /"head":"([0-9a-f]{64})"/.exec(text)?.[1] ?? ''
}

/** The receipts of that day, and what must be refused of them. */
export async function makeLater(later: Later): Promise<Pick<Receipts, 'refused' | 'valid'>> {
  const anchor = { genesis: later.acts.charter.id, origin: ORIGIN }
  const named = [
    ['joint notice', later.joint],
    ['acknowledgement by a key that was replaced', later.earlier],
    ['amendment that names another log key', later.amendment],
    ['notice under the next log key', later.after],
  ] as const
  const valid: Valid[] = []
  for (const [name, receipt] of named)
    valid.push({ name, receipt: plain(receipt), expected: await expectedOf(receipt, anchor) })
  return { valid, refused: [...refusedReleases(later), ...refusedKeys(later)] }
}

function refusedReleases(later: Later): Receipts['refused'] {
  const { early, other, own } = later.releases
  const one: Mutation = mutationsOf('joint notice')
  const release = (act: Sealed): Json => json(proofBefore(later, act))
  return [
    one('without its release', 'receipt-malformed', { path: ['release'] }),
    one('without the support that its release names', 'receipt-malformed', set(['supports'], [])),
    one(
      'released before its day without the supports that it asked for',
      'receipt-malformed',
      set(['release'], release(early)),
    ),
    one(
      'with the release of another notice',
      'receipt-malformed',
      set(['release'], release(other)),
    ),
    one('released by its own author', 'signature-not-accepted', set(['release'], release(own))),
    one(
      'with a release that is a support',
      'receipt-malformed',
      set(['release'], { ...later.joint.supports[0] }),
    ),
    mutationsOf('notice under the next log key')(
      'with a release that it does not need',
      'receipt-malformed',
      set(['release'], json(sealed(later, other, 2))),
    ),
  ]
}

/** The proof in the tree that the receipt of the joint notice stands under, which ends with a head. */
function proofBefore(later: Later, act: Sealed) {
  const found = later.proofs.get(act.id)
  if (found === undefined) throw new Error('no proof was kept')
  return { ...linkOf(act), proof: found }
}

function refusedKeys({ after, oldKey }: Later): Receipts['refused'] {
  const one: Mutation = mutationsOf('notice under the next log key')
  return [
    one(
      'in a tree that the log key of before signed',
      'note-unsigned',
      set(['act', 'proof'], oldKey.act),
    ),
    one(
      'with a head in a tree that the log key of before signed',
      'note-unsigned',
      set(['directory', 'proof'], oldKey.head),
    ),
    one(
      'wholly under the log key of before',
      'note-unsigned',
      set(['act', 'proof'], oldKey.act),
      set(['directory', 'proof'], oldKey.head),
    ),
    one(
      'without the amendment in its chain',
      'receipt-directory-broken',
      set(
        ['directory', 'chain'],
        (after.directory.chain ?? []).slice(0, -1).map((link) => ({ ...link })),
      ),
    ),
  ]
}
