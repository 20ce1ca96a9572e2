import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { encryptUnsigned } from '#client/openpgp.ts'
import { hex, utf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { parseLogEntry } from '#core/log/leaf.ts'
import { decodeEntryBundle } from '#core/log/tile.ts'
import { writeArmor } from '#core/packets.ts'
import { wkdHash } from '#core/wkd.ts'
import { createApp } from '#http/app.ts'
import { PROBLEM_TITLES } from '#wire/problem-titles.ts'
import { codeOf, listOf } from '#test/helpers/check-lists.ts'
import {
  type Answered,
  type Ask,
  type Coalition,
  formOf,
  foundCoalition,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { briefTo, fileNotice, idOf } from '#test/helpers/notices.ts'
import { ANSWER_SCHEMAS, FakeReportsSchema, PROBLEM_NAMES, ProblemSchema } from '#wire/answers.ts'
import { BODY_SCHEMAS } from '#wire/act-bodies.ts'
import { accountTemplate } from '#test/helpers/statements.ts'
import { OPERATIONS, type Operation } from '#wire/operations.ts'

const SchemaPart = z.looseObject({
  discriminator: z.object({ mapping: z.record(z.string(), z.string()) }).optional(),
})
/** What these tests look at. */
const DocumentSchema = z.looseObject({
  components: z.looseObject({ schemas: z.record(z.string(), SchemaPart) }),
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  servers: z.array(z.object({ url: z.string() })).optional(),
})

let coalition: Coalition
let document: z.infer<typeof DocumentSchema>
beforeAll(async () => {
  coalition = await foundCoalition()
  document = DocumentSchema.parse((await coalition.ask('/api/openapi.json')).body)
})
afterAll(async () => {
  await coalition.close()
})

test('the document names every route, and no other', () => {
  const routes = coalition.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(/:([a-z0-9]+)(?:\{[^/]*\})?/g, '{$1}')}`)
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  // HEAD comes with every GET, and is documented where it says something by itself.
  const named = documented.filter((name) => !name.startsWith('HEAD '))
  expect([...new Set(routes)].toSorted()).toEqual(named.toSorted())
  for (const name of documented.filter((one) => one.startsWith('HEAD '))) {
    expect(named).toContain(name.replace('HEAD', 'GET'))
  }
})

test('every reference in the document leads somewhere', () => {
  const refs = [...JSON.stringify(document).matchAll(/"(#\/components\/schemas\/[^"]+)"/g)].map(
    ([, ref]) => ref ?? '',
  )
  const { schemas } = document.components
  expect(refs.length).toBeGreaterThan(20)
  for (const ref of refs)
    expect(Object.keys(schemas)).toContain(ref.replace('#/components/schemas/', ''))
})

test('the document has the body of every act type, told apart by type, and every problem', () => {
  const { schemas } = document.components
  for (const type of Object.keys(BODY_SCHEMAS)) {
    expect(schemas[type], type).toMatchObject({
      properties: { type: { const: type } },
      additionalProperties: false,
    })
  }
  expect(Object.keys(schemas['Payload']?.discriminator?.mapping ?? {}).toSorted()).toEqual(
    Object.keys(BODY_SCHEMAS).toSorted(),
  )
  expect(schemas['Problem']).toMatchObject({
    properties: { type: { enum: PROBLEM_NAMES.map((name) => `/problems/${name}`) } },
  })
})

test('the document names the server where its address is known', async () => {
  const app = createApp({ ...coalition.ports, publicUrl: 'https://coalition.example' })
  const configured = DocumentSchema.parse(await (await app.request('/api/openapi.json')).json())
  expect(configured.servers).toEqual([{ url: 'https://coalition.example' }])
  expect(document.servers).toBeUndefined()
})

test('every problem has a page', async () => {
  for (const name of PROBLEM_NAMES) {
    const { status, text } = await coalition.ask(`/problems/${name}`)
    expect([name, status]).toEqual([name, 200])
    expect(text).toContain(`<h1>${name}</h1>`)
    expect(text).toContain(PROBLEM_TITLES[name])
  }
  expect((await coalition.ask('/problems/nothing')).status).toBe(404)
  expect((await coalition.ask('/problems/constructor')).status).toBe(404)
})

/** Asks, and holds the answer against what the document says of the operation. */
function watched(visited: Set<Operation>): (path: string, ask?: Ask) => Promise<Answered> {
  return async (path, ask = {}) => {
    const [bare = ''] = path.split('?')
    const method = ask.method ?? 'GET'
    const operation = OPERATIONS.filter((one) => one.method === method.toLowerCase()).find((one) =>
      patternOf(one).test(bare),
    )
    if (operation === undefined) throw new Error(`${method} ${bare} is not documented`)
    visited.add(operation)
    const answered = await coalition.ask(path, ask)
    const type = answered.headers.get('Content-Type')?.split(';')[0]
    if (type === 'application/problem+json') {
      ProblemSchema.parse(answered.body)
      return answered
    }
    const expected = operation.answers[answered.status]
    expect(
      Object.keys(operation.answers),
      `${method} ${bare}: ${answered.text.slice(0, 200)}`,
    ).toContain(String(answered.status))
    if (expected === undefined) expect(answered.bytes).toHaveLength(0)
    else if ('media' in expected) expect([bare, type]).toEqual([bare, expected.media])
    else ANSWER_SCHEMAS[expected.schema].parse(answered.body)
    return answered
  }
}

/** `/keys/service.asc` stands before `/keys/{domain}/{file}`, as the routes do. */
function patternOf({ path }: Operation): RegExp {
  const source = path
    .replaceAll('.', '\\.')
    .replace('{path}', '.+')
    .replace(/\{[a-z0-9]+\}/g, '[^/]+')
  return new RegExp(`^${source}$`)
}

test('every operation answers as the document says', async () => {
  const visited = new Set<Operation>()
  const ask = watched(visited)
  const { contoso, fabrikam } = threeOf(coalition)
  const alice = await coalition.enrol('alice')
  const { bundle, notice } = await fileNotice(coalition, contoso, { customers: [alice] })
  const pending = await coalition.compose(
    'party.suspend',
    { domain: 'litware.example', reason: 'left' },
    contoso,
  )
  const submit = { method: 'POST', body: formOf(pending, [await coalition.sign(contoso, pending)]) }
  const id = idOf(await ask('/api/acts', submit))
  await ask('/api/acts', {
    method: 'POST',
    body: formOf(pending, [await coalition.sign(contoso, pending)]),
  })
  await ask('/api/acts?status=pending')
  await ask(`/api/acts/${id}/signatures`, {
    method: 'POST',
    body: await coalition.sign(fabrikam, pending),
  })
  for (const path of [`/api/acts/${id}`, `/api/acts/${id}/receipt`, `/api/acts/${notice}/receipt`])
    await ask(path)

  const token = await coalition.session(contoso)
  const mine = await coalition.session(alice)
  const brief = await briefTo(coalition, contoso, [contoso, fabrikam])
  const { bytes } = await ask(`/api/briefs/${brief}`, { token })
  await ask(`/api/briefs/${brief}`, { method: 'PUT', token, body: Uint8Array.from(bytes) })
  for (const method of ['GET', 'HEAD']) await ask(`/api/bundles/${bundle.root}`, { method, token })
  const range = `bytes 0-${String(bundle.bytes.length - 1)}/${String(bundle.bytes.length)}`
  const chunk = {
    method: 'PUT',
    token,
    body: Uint8Array.from(bundle.bytes),
    headers: { 'Content-Range': range },
  }
  await ask(`/api/bundles/${bundle.root}?count=1024`, chunk)
  await ask(`/api/bundles/${bundle.root}/lines/0`, { token })
  await ask(`/api/mailboxes/${alice.id}`, { token })
  await ask(`/api/mailboxes/${alice.id}/lines`, { token: mine })
  await ask(`/api/acts/${notice}/receipt`, { token: mine })
  await ask(`/api/acts/${notice}/acknowledgements`, { token })
  const certificate = writeArmor('PGP PUBLIC KEY BLOCK', contoso.certificateBytes)
  await ask('/api/challenges?purpose=officer', { method: 'POST', body: certificate })
  const index = bundle.lines.findIndex((line) => line.includes(alice.id))
  idOf(await coalition.submit('notice.acknowledge', { index, notice }, alice))
  const read = await ask(`/api/acts/${notice}/acknowledgements`, { token })
  expect(read.body['acknowledged']).toMatchObject([{ index }])
  await openSessions(ask)
  await templates(ask, token)
  await checks(ask, token)
  await fakes(ask, token)
  await publicPaths(ask)

  expect(
    OPERATIONS.filter((operation) => !visited.has(operation)).map(
      ({ method, path }) => `${method} ${path}`,
    ),
  ).toEqual([])
})

async function openSessions(ask: Coalition['ask']): Promise<void> {
  const { contoso } = threeOf(coalition)
  for (const query of ['', '?cookie=1']) {
    const { body } = await ask('/api/session/nonce')
    const payload = await coalition.compose(
      'session.open',
      { session: String(body['nonce']) },
      contoso,
    )
    const form = formOf(payload, [await coalition.sign(contoso, payload)])
    const answered = await ask(`/api/session${query}`, {
      method: 'POST',
      body: form,
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    })
    expect(answered.status).toBe(query === '' ? 200 : 204)
  }
}

async function templates(ask: Coalition['ask'], token: string): Promise<void> {
  const [text] = accountTemplate().texts.values()
  const body = Uint8Array.from(canonicalJson({ ...text }))
  const hash = sha256Hex(body)
  expect((await ask(`/api/templates/${hash}`, { method: 'PUT', token, body })).status).toBe(201)
  expect((await ask(`/api/templates/${hash}`, { token })).bytes).toEqual(body)
}

async function fakes(ask: Coalition['ask'], token: string): Promise<void> {
  const { certificateBytes } = threeOf(coalition).contoso
  const at = coalition.clock.now()
  const body = Uint8Array.from(await encryptUnsigned([certificateBytes], utf8('forged'), { at }))
  expect((await ask('/api/fakes/reports', { method: 'POST', body })).status).toBe(202)
  const { reports } = FakeReportsSchema.parse((await ask('/api/fakes/reports', { token })).body)
  const report = reports[0]?.report ?? ''
  expect((await ask(`/api/fakes/reports/${report}`, { token })).bytes).toEqual(body)
  expect((await ask('/api/fakes')).status).toBe(200)
}

async function checks(ask: Coalition['ask'], token: string): Promise<void> {
  const { contoso } = threeOf(coalition)
  const list = await listOf(coalition, contoso, { entries: [{ code: codeOf('a'), account: 'a' }] })
  const [chunk = new Uint8Array()] = list.chunks
  const upload = { method: 'PUT', token, body: Uint8Array.from(chunk) }
  expect((await ask(`/api/checks/chunks/${sha256Hex(chunk)}`, upload)).status).toBe(201)
  const act = idOf(await coalition.submit('check.publish', list.body, contoso))
  for (const path of ['', `/lists/${act}`, `/lists/${act}/parts/0`])
    expect((await ask(`/api/checks${path}`)).status).toBe(200)
}

async function publicPaths(ask: Coalition['ask']): Promise<void> {
  const hash = wkdHash('service')
  const { fingerprint } = threeOf(coalition).contoso.key
  const entries = decodeEntryBundle((await ask('/log/tile/entries/000.p/1')).bytes, 1)
  const digest =
    entries.ok && entries.value[0] !== undefined ? parseLogEntry(entries.value[0]) : undefined
  const sha256 = digest?.ok === true ? hex(digest.value) : ''
  const paths = [
    '/',
    '/.well-known/security.txt',
    '/.well-known/openpgpkey/policy',
    `/.well-known/openpgpkey/hu/${hash}`,
    `/.well-known/openpgpkey/${ORIGIN}/policy`,
    `/.well-known/openpgpkey/${ORIGIN}/hu/${hash}`,
    '/api/directory',
    '/api/limits',
    '/api/openapi.json',
    '/healthz',
    '/readyz',
    '/keys/index.json',
    '/keys/service.asc',
    `/keys/contoso.example/${fingerprint}.asc`,
    '/log/addenda.v1',
    `/log/addenda/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`,
    '/log/checkpoint',
    '/log/tile/0/000.p/1',
    '/problems/not-found',
  ]
  for (const path of paths) expect([path, (await ask(path)).status]).toEqual([path, 200])
}
