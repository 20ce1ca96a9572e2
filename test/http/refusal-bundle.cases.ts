import { signEntity } from '#client/openpgp.ts'
import { formatLine, LINE_BYTES_MAX } from '#core/bundle.ts'
import { concat, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { readPackets, writePacket } from '#core/packet-walk.ts'
import { writeLiteral } from '#core/packets.ts'
import { type Coalition, type Customer, threeOf } from '#test/helpers/coalition.ts'
import {
  type Bundle,
  bundleOf,
  fileNotice,
  idOf,
  mailboxLine,
  messageTo,
  paddedLines,
  upload,
} from '#test/helpers/notices.ts'
import type { RefusalCase } from './refusal-case.ts'

type Kind = Pick<RefusalCase, 'reason' | 'status'>
type Sent = Bundle & { readonly offset?: number; readonly totalBytes?: number }
const LINE: Kind = { reason: 'bundle-line-invalid', status: 422 }
const OFFSET: Kind = { reason: 'bundle-offset-wrong', status: 409 }
const COUNT: Kind = { reason: 'bundle-count-wrong', status: 422 }
const ENVELOPE: Kind = { reason: 'envelope-malformed', status: 422 }
const UNSORTED: Kind = { reason: 'bundle-unsorted', status: 422 }

/** A chunk of Contoso's that is refused. */
function sending(
  name: string,
  kind: Kind,
  make: (c: Coalition) => Promise<Sent> | Sent,
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const token = await c.session(threeOf(c).contoso)
      const bundle = await make(c)
      return async () => await upload(c, token, bundle)
    },
  }
}

/** Sorted lines with these among them, as many as a bundle must have. */
function lines(...replaced: readonly string[]): Bundle {
  return bundleOf([...replaced, ...paddedLines([]).slice(replaced.length)].toSorted())
}

const GOOD = bundleOf(paddedLines([]))
const COMMITMENT = formatLine({ kind: 'commitment', commitment: '0'.repeat(64) }, '')

function textOf(bundle: Bundle, text: string): Bundle {
  return { ...bundle, bytes: utf8(text) }
}

const FORMS: readonly RefusalCase[] = [
  sending('a chunk that ends within a line', LINE, () => ({
    ...GOOD,
    bytes: GOOD.bytes.subarray(0, 100),
    totalBytes: GOOD.bytes.length,
  })),
  sending('a line that is not one', LINE, () => lines('{"commitment":"00"}')),
  sending('a line with a member too many', LINE, () =>
    lines(COMMITMENT.replace('}', ',"more":1}')),
  ),
  sending('a line with white space', LINE, () => lines(COMMITMENT.replace(':', ': '))),
  sending('a line that ends as on Windows', LINE, () => lines(`${COMMITMENT}\r`)),
  sending('an empty line', LINE, () => textOf(GOOD, '\n')),
  sending('a line that is not ASCII', LINE, () => lines(COMMITMENT.replace('0', 'é'))),
  sending('a line of more than 128 KiB', { reason: 'bundle-line-too-long', status: 413 }, () =>
    lines('x'.repeat(LINE_BYTES_MAX + 1)),
  ),
  sending('lines out of order', UNSORTED, () => bundleOf(paddedLines([]).toReversed())),
  sending('a line that stands there twice', UNSORTED, () => lines(paddedLines([])[5] ?? '')),
  sending('another root than the lines have', { reason: 'bundle-root-wrong', status: 422 }, () => ({
    ...GOOD,
    root: sha256Hex(utf8('other')),
  })),
  sending('more lines than announced', COUNT, () => ({
    ...bundleOf([...paddedLines([], 'one'), ...paddedLines([], 'two')].toSorted()),
    count: 1024,
  })),
  sending('a count that is no power of two', COUNT, () => ({ ...GOOD, count: 1025 })),
  sending('too few lines', COUNT, () => bundleOf(paddedLines([]).slice(0, 512))),
  sending('a chunk that begins too late', OFFSET, () => ({
    ...GOOD,
    offset: 100,
    totalBytes: GOOD.bytes.length + 100,
  })),
  sending('a chunk longer than the bundle', OFFSET, () => ({ ...GOOD, totalBytes: 100 })),
  sending('a bundle of 3 GB', { reason: 'bundle-over-quota', status: 429 }, () => ({
    ...GOOD,
    totalBytes: 3e9,
  })),
  sending('a chunk of more than 8 MiB', { reason: 'request-too-large', status: 413 }, () => ({
    ...GOOD,
    bytes: new Uint8Array(8 * 2 ** 20 + 1),
  })),
  {
    ...OFFSET,
    name: 'the same first chunk again',
    arrange: async (c) => {
      const token = await c.session(threeOf(c).contoso)
      const end = GOOD.bytes.indexOf(0x0a, 1000) + 1
      const first = { ...GOOD, bytes: GOOD.bytes.subarray(0, end), totalBytes: GOOD.bytes.length }
      if ((await upload(c, token, first)).status !== 202)
        throw new Error('the first chunk was refused')
      return async () => {
        const answered = await upload(c, token, first)
        if (answered.body['held'] !== end || answered.headers.get('Upload-Offset') !== String(end))
          throw new Error('held is wrong')
        return answered
      }
    },
  },
  ...[
    { name: 'a chunk without Content-Range', query: '?count=1024', headers: {} },
    { name: 'a chunk without a count', query: '', headers: { 'Content-Range': 'bytes 0-0/1' } },
    {
      name: 'a chunk of another length than announced',
      query: '?count=1024',
      headers: { 'Content-Range': 'bytes 0-9/10' },
    },
    {
      name: 'a range that ends before it begins',
      query: '?count=1024',
      headers: { 'Content-Range': 'bytes 9-0/10' },
    },
  ].map(
    ({ headers, name, query }): RefusalCase => ({
      reason: 'request-malformed',
      status: 400,
      name,
      arrange: async (c) => {
        const token = await c.session(threeOf(c).contoso)
        return async () =>
          await c.ask(`/api/bundles/${GOOD.root}${query}`, {
            method: 'PUT',
            token,
            body: 'x',
            headers,
          })
      },
    }),
  ),
]

/** A line for Alice that is not what it must be. */
function addressed(
  name: string,
  kind: Kind,
  make: (c: Coalition, alice: Customer) => Promise<string>,
): RefusalCase {
  return sending(name, kind, async (c) =>
    bundleOf(paddedLines([await make(c, await c.enrol('alice'))])),
  )
}

/** A message to Alice whose packets were changed. */
function repacked(
  name: string,
  change: (
    sessionKey: Uint8Array,
    sealed: Uint8Array,
    c: Coalition,
  ) => Promise<Uint8Array> | Uint8Array,
): RefusalCase {
  return addressed(name, ENVELOPE, async (c, alice) => {
    const message = await messageTo(c, threeOf(c).contoso, alice.certificateBytes)
    const [sessionKey, sealed] = (readPackets(message) ?? []).map(({ end, start }) =>
      message.subarray(start, end),
    )
    if (sessionKey === undefined || sealed === undefined) throw new Error('odd message')
    return mailboxLine(alice.id, await change(sessionKey, sealed, c))
  })
}

const UNAVAILABLE: Kind = { reason: 'mailbox-unavailable', status: 404 }

const LINES: readonly RefusalCase[] = [
  addressed('a line for a mailbox that there is not', UNAVAILABLE, async (c, alice) =>
    mailboxLine('a'.repeat(32), await messageTo(c, threeOf(c).contoso, alice.certificateBytes)),
  ),
  addressed('a line for a mailbox that takes nothing from this party', UNAVAILABLE, async (c) => {
    const bob = await c.enrol('bob', ['fabrikam.example'])
    return mailboxLine(bob.id, await messageTo(c, threeOf(c).contoso, bob.certificateBytes))
  }),
  addressed('a line for a closed mailbox', UNAVAILABLE, async (c, alice) => {
    idOf(await c.submit('mailbox.close', {}, alice))
    return mailboxLine(alice.id, await messageTo(c, threeOf(c).contoso, alice.certificateBytes))
  }),
  addressed(
    'a message to another key',
    { reason: 'envelope-recipient-wrong', status: 422 },
    async (c, alice) =>
      mailboxLine(
        alice.id,
        await messageTo(c, threeOf(c).contoso, (await c.enrol('bob')).certificateBytes),
      ),
  ),
  repacked('a message to two keys', async (sessionKey, sealed, c) => {
    const other = await messageTo(c, threeOf(c).contoso, (await c.enrol('bob')).certificateBytes)
    const [packet] = readPackets(other) ?? []
    return concat(sessionKey, other.subarray(0, packet?.end ?? 0), sealed)
  }),
  repacked('a hidden recipient', (sessionKey, sealed) => {
    const [packet] = readPackets(sessionKey) ?? []
    const hidden = sessionKey.slice()
    hidden.fill(0, (packet?.pieces[0]?.start ?? 0) + 1, (packet?.pieces[0]?.start ?? 0) + 9)
    return concat(hidden, sealed)
  }),
  repacked('a message with one more packet', (sessionKey, sealed) =>
    concat(sessionKey, sealed, writeLiteral(utf8('x'))),
  ),
  repacked('a message without its session key', (_, sealed) => sealed),
  repacked('a message cut short', (sessionKey, sealed) =>
    concat(sessionKey, sealed.subarray(0, 20)),
  ),
  repacked('a message that only a passphrase opens', (_, sealed) =>
    concat(writePacket(3, Uint8Array.of(4, 9, 0, 8)), sealed),
  ),
  repacked('plain text', () => writeLiteral(utf8('Your account was attacked.'))),
  repacked(
    'a message that is signed only',
    async (_key, _sealed, c) =>
      await signEntity(threeOf(c).contoso.key, utf8('Content-Type: text/plain\r\n\r\nx'), {
        at: c.clock.now(),
      }),
  ),
  repacked('a compressed packet', () => writePacket(8, new Uint8Array(100))),
  repacked('a message without integrity protection', (sessionKey, sealed) =>
    concat(sessionKey, writePacket(9, sealed.subarray(10))),
  ),
  {
    reason: 'not-found',
    status: 404,
    name: "another customer's line",
    arrange: async (c) => {
      const { bundle } = await fileNotice(c, threeOf(c).contoso, {
        customers: [await c.enrol('alice')],
      })
      const index = bundle.lines.findIndex((line) => line.includes('mailbox'))
      const token = await c.session(await c.enrol('bob'))
      return async () =>
        await c.ask(`/api/bundles/${bundle.root}/lines/${String(index)}`, { token })
    },
  },
  {
    reason: 'not-found',
    status: 404,
    name: 'a line behind the last',
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      const { bundle } = await fileNotice(c, contoso)
      const token = await c.session(contoso)
      return async () => await c.ask(`/api/bundles/${bundle.root}/lines/1024`, { token })
    },
  },
]

export const BUNDLES: readonly RefusalCase[] = [...FORMS, ...LINES]
