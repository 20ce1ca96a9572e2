import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMessage } from '#client/openpgp.ts'
import { fromBase64, hex, utf8 } from '#core/bytes.ts'
import { lineHash, parseLine } from '#core/bundle.ts'
import { merkleTree, treePath } from '#core/log/merkle.ts'
import { sha256Hex } from '#core/hash.ts'
import { type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'
import {
  briefTo,
  bundleFor,
  bundleOf,
  fileNotice,
  idOf,
  noticeBody,
  paddedLines,
  upload,
} from '#test/helpers/notices.ts'

let coalition: Coalition
beforeAll(async () => {
  coalition = await foundCoalition()
})
afterAll(async () => {
  await coalition.close()
})

test('takes a bundle in pieces, and says at each how much it holds', async () => {
  const { contoso, fabrikam } = threeOf(coalition)
  const token = await coalition.session(contoso)
  const bundle = bundleOf(paddedLines([], 'pieces'))
  const cut = bundle.bytes.indexOf(0x0a, 40_000) + 1
  const totalBytes = bundle.bytes.length
  const path = `/api/bundles/${bundle.root}`
  expect((await coalition.ask(path, { method: 'HEAD', token })).headers.get('Upload-Offset')).toBe(
    '0',
  )

  const first = await upload(coalition, token, {
    ...bundle,
    bytes: bundle.bytes.subarray(0, cut),
    totalBytes,
  })
  expect([first.status, first.body]).toEqual([202, { held: cut }])
  const head = await coalition.ask(path, { method: 'HEAD', token })
  expect([head.status, head.headers.get('Upload-Offset'), head.bytes.length]).toEqual([
    200,
    String(cut),
    0,
  ])
  expect((await coalition.ask(path, { token })).body).toEqual({ held: cut })
  const others = await coalition.ask(path, { token: await coalition.session(fabrikam) })
  expect(others.body).toEqual({ held: 0 })

  const last = await upload(coalition, token, {
    ...bundle,
    bytes: bundle.bytes.subarray(cut),
    offset: cut,
    totalBytes,
  })
  expect([last.status, last.body]).toEqual([201, { held: totalBytes }])
  const again = await upload(coalition, token, bundle)
  expect([again.status, again.headers.get('Upload-Offset')]).toEqual([201, String(totalBytes)])
})

test('gives a filer each line, and a customer their own, with a path to the root', async () => {
  const { contoso } = threeOf(coalition)
  const alice = await coalition.enrol('alice')
  const { bundle, notice } = await fileNotice(coalition, contoso, { customers: [alice] })
  const index = bundle.lines.findIndex((line) => line.includes(alice.id))
  const tree = merkleTree(bundle.lines.map(lineHash))
  const token = await coalition.session(alice)
  const own = await coalition.ask(`/api/bundles/${bundle.root}/lines/${String(index)}`, { token })
  expect(own.body).toEqual({
    count: 1024,
    index,
    line: bundle.lines[index],
    path: treePath(tree, index).map(hex),
  })
  const foreign = await coalition.ask(
    `/api/bundles/${bundle.root}/lines/${String((index + 1) % 1024)}`,
    { token },
  )
  expect(foreign.status).toBe(404)
  const filer = await coalition.session(contoso)
  for (const position of [0, 1, 1023]) {
    const line = await coalition.ask(`/api/bundles/${bundle.root}/lines/${String(position)}`, {
      token: filer,
    })
    expect(line.body).toMatchObject({
      line: bundle.lines[position],
      path: treePath(tree, position).map(hex),
    })
  }
  const list = await coalition.ask(`/api/mailboxes/${alice.id}/lines`, { token })
  const payload: unknown = JSON.parse(
    new TextDecoder().decode(fromBase64(String(list.body['payload']))),
  )
  expect(payload).toMatchObject({
    lines: [{ index, notice, root: bundle.root }],
    mailbox: alice.id,
  })
  const line = parseLine(String(own.body['line']))
  if (!line.ok || line.value.kind !== 'mailbox') throw new Error('not a line for a mailbox')
  expect((await openMessage(alice.key, line.value.message)).ok).toBe(true)
})

test('shows no line before the notice is filed', async () => {
  const { contoso } = threeOf(coalition)
  const bob = await coalition.enrol('bob')
  const bundle = await bundleFor(coalition, contoso, [bob])
  await upload(coalition, await coalition.session(contoso), bundle)
  const index = bundle.lines.findIndex((line) => line.includes(bob.id))
  const path = `/api/bundles/${bundle.root}/lines/${String(index)}`
  const token = await coalition.session(bob)
  expect((await coalition.ask(path, { token })).status).toBe(404)
  idOf(await coalition.submit('notice.file', noticeBody(contoso, bundle), contoso))
  expect((await coalition.ask(path, { token })).status).toBe(200)
})

test('takes one of two uploads of the same chunk at the same time, and keeps the bytes of one', async () => {
  const token = await coalition.session(threeOf(coalition).contoso)
  const bundle = bundleOf(paddedLines([], 'race'))
  const answers = await Promise.all([
    upload(coalition, token, bundle),
    upload(coalition, token, bundle),
  ])
  expect(answers.some(({ status }) => status === 201)).toBe(true)
  for (const { reason, status } of answers) {
    expect([201, 409]).toContain(status)
    if (status === 409) expect(['state-changed', 'bundle-offset-wrong']).toContain(reason)
  }
  expect((await upload(coalition, token, bundle)).status).toBe(201)
})

test('gives a brief to the parties it is encrypted to, byte for byte', async () => {
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const brief = await briefTo(coalition, contoso, [contoso, fabrikam])
  for (const reader of [contoso, fabrikam]) {
    const { bytes, headers } = await coalition.ask(`/api/briefs/${brief}`, {
      token: await coalition.session(reader),
    })
    expect(sha256Hex(bytes)).toBe(brief)
    expect(headers.get('Cache-Control')).toBe('no-store')
  }
  const foreign = await coalition.ask(`/api/briefs/${brief}`, {
    token: await coalition.session(litware),
  })
  const absent = await coalition.ask(`/api/briefs/${sha256Hex(utf8('x'))}`, {
    token: await coalition.session(litware),
  })
  expect([foreign.status, foreign.text]).toEqual([absent.status, absent.text])
})
