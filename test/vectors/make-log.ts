import { base64, fromBase64, fromUtf8, hex } from '#core/bytes.ts'
import { lineHash } from '#core/bundle.ts'
import { encryptForMany } from '#client/openpgp.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { addendumLeafHash, logEntry, recordHash, splitAddendum } from '#core/log/leaf.ts'
import {
  leafHash,
  merklePath,
  merkleRoot,
  merkleTree,
  treePath,
  treeRoot,
} from '#core/log/merkle.ts'
import { type Keys, NOW } from './keys.ts'
import type { Contents } from './schemas.ts'
import { must, type Story } from './story.ts'

const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '60'.repeat(37)]

export function makeMerkle(): Contents['merkle.json'] {
  const leaves = ENTRIES.map((entry) => leafHash(Uint8Array.from(Buffer.from(entry, 'hex'))))
  const trees = Array.from({ length: ENTRIES.length + 1 }, (_, size) => {
    const tree = merkleTree(leaves.slice(0, size))
    const paths = Array.from({ length: size }, (__, index) => treePath(tree, index).map(hex))
    return { paths, root: hex(treeRoot(tree)), size }
  })
  const path = merklePath(leaves.slice(0, 7), 4).map(hex)
  const good = {
    index: 4,
    leaf_hash: hex(leaves[4] ?? new Uint8Array()),
    path,
    root: hex(merkleRoot(leaves.slice(0, 7))),
    size: 7,
  }
  const refusal = 'proof-wrong'
  return {
    entries: ENTRIES,
    leaf_hashes: leaves.map(hex),
    trees,
    refused: [
      { ...good, name: 'another place', index: 5, refusal },
      { ...good, name: 'outside the tree', index: 7, refusal },
      { ...good, name: 'another size', size: 4, refusal },
      { ...good, name: 'another leaf', leaf_hash: hex(leaves[5] ?? new Uint8Array()), refusal },
      { ...good, name: 'another root', root: hex(merkleRoot(leaves)), refusal },
      { ...good, name: 'a path cut short', path: path.slice(0, -1), refusal },
      { ...good, name: 'a path too long', path: [...path, good.root], refusal },
      { ...good, name: 'a path in another order', path: path.toReversed(), refusal },
      {
        ...good,
        name: 'a hash of 31 bytes',
        path: path.map((node, i) => (i === 0 ? node.slice(2) : node)),
        refusal,
      },
    ],
  }
}

export async function makeBundle(story: Story): Promise<Contents['bundle.json']> {
  const { bundle, keys, mailbox, message } = story
  const own = bundle.lines.findIndex((line) => line.startsWith('{"mailbox"'))
  const paths = [0, 1, 512, own - 1, own].map((index) => {
    const line = bundle.lines[index] ?? ''
    return {
      index,
      leaf_hash: hex(lineHash(line)),
      line,
      path: treePath(bundle.tree, index).map(hex),
    }
  })
  const [a = '', b = ''] = bundle.lines
  const upper = a.replace(/[0-9a-f]{64}/, (digits) => digits.toUpperCase())
  const mailboxOf = (encoded: string) => `{"mailbox":"${mailbox}","message":"${encoded}"}`
  return {
    count: bundle.lines.length,
    root: bundle.root,
    paths,
    lines_refused: [
      { name: 'hex in capitals', refusal: 'bundle-line-invalid', text: upper },
      { name: 'a space', refusal: 'bundle-line-invalid', text: a.replace(':', ': ') },
      { name: 'a member more', refusal: 'bundle-line-invalid', text: a.replace('}', ',"x":1}') },
      {
        name: 'members in another order',
        refusal: 'bundle-line-invalid',
        text: `{"message":"AAAA","mailbox":"${mailbox}"}`,
      },
      {
        name: 'a mailbox id of 31 characters',
        refusal: 'bundle-line-invalid',
        text: mailboxOf('AAAA').replace(mailbox, mailbox.slice(1)),
      },
      { name: 'base64 without padding', refusal: 'bundle-line-invalid', text: mailboxOf('AAA') },
      { name: 'base64 with stray bits', refusal: 'bundle-line-invalid', text: mailboxOf('AAB=') },
      {
        name: 'longer than 131,072 characters',
        refusal: 'bundle-line-too-long',
        repeat: { text: ' ', count: 131_073 },
      },
    ],
    chunks_refused: [
      { name: 'no line', refusal: 'bundle-line-invalid', last: '', text: '' },
      { name: 'no line feed at the end', refusal: 'bundle-line-invalid', last: '', text: a },
      { name: 'lines out of order', refusal: 'bundle-unsorted', last: '', text: `${b}\n${a}\n` },
      { name: 'a line twice', refusal: 'bundle-unsorted', last: '', text: `${a}\n${a}\n` },
      {
        name: 'a line before the last of the chunk before',
        refusal: 'bundle-unsorted',
        last: b,
        text: `${a}\n`,
      },
      {
        name: 'a character that is not ASCII',
        refusal: 'bundle-line-invalid',
        last: '',
        text: 'é\n',
      },
    ],
    envelopes: await makeEnvelopes(keys, message, story),
  }
}

async function makeEnvelopes(keys: Keys, message: Uint8Array, { product }: Story) {
  const certificates = [keys.openpgp.alice_new, keys.openpgp.contoso].map(
    ({ certificate }) => fromBase64(certificate) ?? new Uint8Array(),
  )
  const two = await encryptForMany(certificates, product.signed, { at: NOW })
  const [mine, others] = await Promise.all(certificates.map(encryptionKeysOf))
  return [
    {
      name: 'one session key, for this key ID',
      encryption_keys: mine ?? [],
      message: base64(message),
    },
    {
      name: 'for another key',
      encryption_keys: others ?? [],
      message: base64(message),
      refusal: 'envelope-recipient-wrong',
    },
    {
      name: 'for two keys',
      encryption_keys: mine ?? [],
      message: base64(two),
      refusal: 'envelope-malformed',
    },
    {
      name: 'cut short',
      encryption_keys: mine ?? [],
      message: base64(message.subarray(0, -1)),
      refusal: 'envelope-malformed',
    },
    {
      name: 'with a byte more',
      encryption_keys: mine ?? [],
      message: base64(Uint8Array.of(...message, 0)),
      refusal: 'envelope-malformed',
    },
    {
      name: 'signed but not encrypted',
      encryption_keys: mine ?? [],
      message: base64(product.signed),
      refusal: 'envelope-malformed',
    },
  ]
}

async function encryptionKeysOf(certificate: Uint8Array): Promise<string[]> {
  return [...must(await inspectCertificate(certificate, 'identifiable', NOW)).encryptionKeys]
}

export function makeRecords({ acts, log }: Story): Contents['records.json'] {
  const named = [
    ['of the charter', log.indexOf(acts.charter.id)],
    ['of a later governance act', log.indexOf(acts.admission.id)],
    ['of a notice', log.indexOf(acts.notice.id)],
    ['of the head of the directory', 1],
  ] as const
  const valid = named.map(([name, index]) => {
    const addendum = log.addenda[index] ?? new Uint8Array()
    const { record, salt } = must(splitAddendum(addendum))
    const kind = index === 1 ? ('head' as const) : ('act' as const)
    return {
      name,
      kind,
      text: fromUtf8(record) ?? '',
      salt: hex(salt),
      addendum: base64(addendum),
      record_hash: hex(recordHash(addendum)),
      entry: hex(logEntry(addendum)),
      leaf_hash: hex(addendumLeafHash(addendum)),
    }
  })
  const act = valid[2]?.text ?? ''
  const head = valid[3]?.text ?? ''
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- beside its only uses
  const wrong = (kind: 'act' | 'head', name: string, text: string) => ({
    kind,
    name,
    refusal: 'receipt-malformed',
    text,
  })
  return {
    valid,
    refused: [
      wrong('act', 'a member more', act.replace('}', ',"x":1}')),
      wrong('act', 'not canonical', act.replace(':', ': ')),
      wrong('act', 'an unknown event', act.replace('adopted', 'accepted')),
      wrong('act', 'a time of day', act.replace('2025-11-24', '2025-11-24T10:00:00Z')),
      wrong('act', 'no signatures', act.replace(/,"signatures":\[.*\]/, '')),
      wrong('act', 'the record of a head', head),
      wrong('head', 'the record of an act', act),
      wrong('head', 'a size below zero', head.replace(/"size":\d+/, '"size":-1')),
    ],
  }
}

export function makeProofs({ acts, keys, log }: Story): Contents['tlog-proofs.json'] {
  const index = log.indexOf(acts.notice.id)
  const at = (place: number, witnesses: number) => log.proof(place, witnesses)
  const good = (name: string, place: number, witnesses: number) => ({
    name,
    proof: at(place, witnesses),
    index: place,
    size: log.addenda.length,
    root: hex(log.root()),
    addendum: base64(log.addenda[place] ?? new Uint8Array()),
    status: witnesses >= 2 ? ('witnessed' as const) : ('logged' as const),
    witnessed: witnesses,
  })
  const proof = at(index, 2)
  const lines = proof.split('\n')
  const line = (text: string) => lines.findIndex((one) => one.startsWith(text))
  const without = (position: number) => lines.filter((_, i) => i !== position).join('\n')
  const replaced = (position: number, text: string) =>
    lines.map((one, i) => (i === position ? text : one)).join('\n')
  const flipped = (position: number, from: number) => {
    const text = lines[position] ?? ''
    return replaced(
      position,
      `${text.slice(0, from)}${text[from] === 'A' ? 'B' : 'A'}${text.slice(from + 1)}`,
    )
  }
  const logLine = line(`\u2014 ${keys.log.name} `)
  return {
    log_key: keys.log.vkey,
    witnesses: { keys: keys.witnesses.map(({ vkey }) => vkey), quorum: 2 },
    valid: [
      good('cosigned by two witnesses', index, 2),
      good('cosigned by all three', 0, 3),
      good('cosigned by one', log.addenda.length - 1, 1),
      good('signed by the log alone', index, 0),
    ],
    refused: [
      {
        name: 'another first line',
        proof: replaced(0, 'c2sp.org/tlog-proof@v2'),
        refusal: 'proof-malformed',
      },
      { name: 'no addendum', proof: without(1), refusal: 'proof-malformed' },
      { name: 'another salt', proof: flipped(1, 10), refusal: 'proof-wrong' },
      {
        name: 'another place',
        proof: replaced(2, `index ${String(index + 1)}`),
        refusal: 'proof-wrong',
      },
      {
        name: 'a place with a leading zero',
        proof: replaced(2, `index 0${String(index)}`),
        refusal: 'proof-malformed',
      },
      { name: 'another hash of the path', proof: flipped(3, 4), refusal: 'proof-wrong' },
      { name: 'a hash of the path missing', proof: without(3), refusal: 'proof-wrong' },
      {
        name: 'another size',
        proof: replaced(line(keys.log.name) + 1, String(log.addenda.length + 1)),
        refusal: 'note-signature-wrong',
      },
      {
        name: 'another root',
        proof: flipped(line(keys.log.name) + 2, 4),
        refusal: 'note-signature-wrong',
      },
      {
        name: 'another signature of the log',
        proof: flipped(logLine, 60),
        refusal: 'note-signature-wrong',
      },
      { name: 'no signature of the log', proof: without(logLine), refusal: 'note-unsigned' },
      {
        name: 'another cosignature',
        proof: flipped(logLine + 1, 70),
        refusal: 'note-signature-wrong',
      },
      { name: 'no line feed at the end', proof: proof.slice(0, -1), refusal: 'note-malformed' },
    ],
  }
}
