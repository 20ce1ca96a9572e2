import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchTemplate } from '#client/adopted-template.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { Api, ServedLine, ServedLineList } from '#client/http.ts'
import { proveOmission, verifyLineList } from '#client/line-list.ts'
import { startSession } from '#client/session.ts'
import { base64, fromHex } from '#core/bytes.ts'
import { canonicalJson, type JsonObject } from '#core/canonical-json.ts'
import { headOf } from '#core/directory.ts'
import { writeArmor } from '#core/packets.ts'
import {
  type Coalition,
  type Company,
  type Customer,
  formOf,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import {
  connect,
  type Filed,
  type FiledNotice,
  fileLines,
  fileNotice,
  foundWithTemplate,
  pathIn,
  pinsOf,
  receiptOf,
  recipientOf,
} from '#test/helpers/filing.ts'
import { type Lie, lyingServer, reach, swapping } from '#test/helpers/liar.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { readNotice } from '#test/helpers/reading.ts'

const LINE = /^\/api\/bundles\/[0-9a-f]{64}\/lines\/\d+$/
const LIST = /^\/api\/mailboxes\/[a-z2-7]{32}\/lines$/

let coalition: Coalition
let contoso: Company
let anna: Customer
let boris: Customer
let filed: FiledNotice
/** A second notice, whose bundle has Carla's line too. */
let carla: Customer
let other: Filed
let token: string
/** Anna's list, and the lines that Contoso filed for her and Boris. */
let list: ServedLineList
let annaLine: string
let borisLine: string

beforeAll(async () => {
  coalition = await foundWithTemplate()
  contoso = threeOf(coalition).contoso
  anna = await coalition.enrol('anna')
  boris = await coalition.enrol('boris')
  carla = await coalition.enrol('carla')
  filed = await fileNotice(coalition, contoso, [
    recipientOf('anna@contoso.example', anna),
    recipientOf('boris@contoso.example', boris),
    recipientOf('carla@contoso.example', carla),
  ])
  other = await fileLines(coalition, filed, { lines: [lineFor(filed, carla)] })
  token = await coalition.session(anna)
  list = accepted(await connect(coalition, token).readLineList(anna.id))
  annaLine = lineFor(filed, anna)
  borisLine = lineFor(filed, boris)
})
afterAll(async () => {
  await coalition.close()
})

function lineFor({ composed }: FiledNotice, { id }: Customer): string {
  return composed.lines.find((line) => line.startsWith(`{"mailbox":"${id}"`)) ?? ''
}

/** Anna's client, to which the operator lies. */
function deceived(...lies: readonly Lie[]): Api {
  return reach(lyingServer(coalition, ...lies), { token })
}

async function read(...lies: readonly Lie[]): Promise<string> {
  return reasonOf(await readNotice(deceived(...lies), anna, await pinsOf(coalition)))
}

test('an operator who tells the truth is believed: what the attacks below start from', async () => {
  expect(await read()).toBe('accepted')
})

const served = (from: Filed, line: string): ServedLine => ({
  ...pathIn(from, line),
  path: [...pathIn(from, line).path],
  line,
})
const lineOf = (change: (honest: ServedLine) => unknown) => swapping(LINE, change)

test("an operator who swaps a line of the bundle is refused with another customer's line, which stands in the bundle and is for another key", async () => {
  expect(await read(lineOf(() => served(filed, borisLine)))).toBe('envelope-recipient-wrong')
})

test("an operator who swaps a line of the bundle is refused with another customer's line that carries the own mailbox's name", async () => {
  const renamed = borisLine.replace(boris.id, anna.id)
  const swap = lineOf(() => ({ ...served(filed, borisLine), line: renamed }))
  expect(await read(swap)).toBe('envelope-recipient-wrong')
})

test('an operator who swaps a line of the bundle is refused with the path of another index', async () => {
  const swap = lineOf((honest) => ({ ...served(filed, borisLine), line: honest.line }))
  expect(await read(swap)).toBe('receipt-line-wrong')
})

test('an operator who swaps a line of the bundle is refused with another index on the right path', async () => {
  const swap = lineOf((honest) => ({ ...honest, index: honest.index ^ 1 }))
  expect(await read(swap)).toBe('receipt-line-wrong')
})

test('an operator who swaps a line of the bundle is refused with the path to another root, under which the same line was filed as well', async () => {
  const line = lineFor(filed, carla)
  const swap: Lie = {
    about: LINE,
    tell: (_, { url }) =>
      Response.json(served(url.includes(filed.bundle.root) ? other : filed, line)),
  }
  const session = await coalition.session(carla)
  const pins = await pinsOf(coalition)
  const api = reach(lyingServer(coalition, swap), { token: session })
  expect(reasonOf(await readNotice(api, carla, pins))).toBe('receipt-line-wrong')
  expect(reasonOf(await readNotice(connect(coalition, session), carla, pins))).toBe('accepted')
})

test('an operator who swaps a line of the bundle is refused with a commitment in the place of the message', async () => {
  const line = filed.products[0]?.line ?? ''
  expect(await read(lineOf(() => served(filed, line)))).toBe('receipt-line-wrong')
})

test('an operator who swaps a line of the bundle is refused with one letter of the message changed', async () => {
  const swap = lineOf((honest) => ({
    ...honest,
    line: flipped(honest.line, honest.line.length - 100),
  }))
  expect(await read(swap)).toBe('envelope-malformed')
})

/** A text with one of its letters replaced. */
function flipped(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

test('an operator who drops a line from a mailbox by altering the list that the service signed is refused', async () => {
  const payload = await listed({ lines: [] })
  const swap = swapping(LIST, () => ({ ...list, payload: payload.payload }))
  expect(await read(swap)).toBe('signature-not-accepted')
})

test('an operator who drops a line from a mailbox is refused by whoever saw the line before', async () => {
  const pins = await pinsOf(coalition)
  accepted(await readNotice(deceived(), anna, pins))
  const shorter = await listed({ lines: [] })
  const api = deceived(swapping(LIST, () => shorter))
  expect(reasonOf(await readNotice(api, anna, pins))).toBe('line-list-shrunk')
})

test('an operator who drops a line from a mailbox by a list from before the notice is refused by whoever saw the log since', async () => {
  const older = await listed({ lines: [], size: 3 })
  expect(await read(swapping(LIST, () => older))).toBe('checkpoint-older')
})

test('an operator who drops a line from a mailbox signs the proof against itself, which anybody with the receipt can check', async () => {
  const receipt = await receiptOf(coalition, filed)
  const short = await listed({ lines: [], size: receipt.treeSize })
  const { serviceCertificates } = filed.replay.directory
  const signed = accepted(
    await verifyLineList(short, serviceCertificates, { mailbox: anna.id, origin: ORIGIN }),
  )
  const claim = { list: signed, receipt, path: pathIn(filed, annaLine), line: annaLine }
  expect(reasonOf(proveOmission(claim))).toBe('line-omitted')
})

test("an operator who drops a line from a mailbox by answering with another mailbox's list is refused", async () => {
  const borisApi = connect(coalition, await coalition.session(boris))
  const theirs = accepted(await borisApi.readLineList(boris.id))
  expect(await read(swapping(LIST, () => theirs))).toBe('mailbox-unavailable')
})

/** A list that the service's own key signs, whatever is in it. */
async function listed(change: JsonObject): Promise<ServedLineList> {
  const { treeSize: size } = await receiptOf(coalition, filed)
  const payload = canonicalJson({
    kind: 'mailbox.lines',
    lines: [],
    mailbox: anna.id,
    origin: ORIGIN,
    size,
    v: 1,
    ...change,
  })
  const packet = await coalition.ports.crypto.signAsService(payload)
  return { payload: base64(payload), signature: writeArmor('PGP SIGNATURE', packet) }
}

const PART = /^\/api\/templates\//
const fetched = async (lie: Lie) =>
  reasonOf(await fetchTemplate(deceived(lie), filed.plan.template.hash))

test('an operator who swaps the words of a template is refused in the text', async () => {
  const swap = swapping<JsonObject>(PART, (part) =>
    'passages' in part ? { ...part, version: 2 } : part,
  )
  expect(await fetched(swap)).toBe('notice-template-wrong')
})

test('an operator who swaps the words of a template is refused in one sentence of the text, which a reader would act upon', async () => {
  const swap: Lie = {
    about: PART,
    tell: async (honest) =>
      new Response((await honest.text()).replace('We never ask', 'We always ask')),
  }
  expect(await fetched(swap)).toBe('notice-template-wrong')
  expect(await read(swap)).toBe('notice-template-wrong')
})

test('an operator who swaps the words of a template is refused by the manifest of another template', async () => {
  const swap = swapping<JsonObject>(PART, (part) =>
    'languages' in part ? { ...part, version: 2 } : part,
  )
  expect(await fetched(swap)).toBe('notice-template-wrong')
})

test('an operator who swaps the words of a template is refused by the text of another language', async () => {
  const hashes = new Map(
    filed.plan.template.manifest.languages.map(({ hash, language }) => [language, hash]),
  )
  const swap: Lie = {
    about: new RegExp(`/api/templates/${hashes.get('en') ?? ''}`),
    tell: async () => await coalition.app.request(`/api/templates/${hashes.get('fr') ?? ''}`),
  }
  expect(await fetched(swap)).toBe('template-invalid')
  expect(await read(swap)).toBe('language-missing')
})

test('an operator who plays with sessions gets no other bytes signed in the place of a nonce', async () => {
  const sent: string[] = []
  for (const nonce of ['', 'Content-Type: text/plain', 'ab'.repeat(150), '{"at":"x"}']) {
    const swap = swapping(/nonce$/, () => ({ nonce }))
    const api = reach(lyingServer(coalition, swap), { sent: (request) => sent.push(request) })
    await expect(opened(api)).rejects.toThrow('form that it has')
  }
  expect(sent.filter((request) => request.startsWith('POST'))).toEqual([])
})

test('an operator who relays a session from another coalition is refused', async () => {
  const { contoso: company } = threeOf(coalition)
  const { body } = await coalition.ask('/api/session/nonce')
  const twist = { by: { party: company.domain }, origin: 'other.example' }
  const payload = await coalition.compose('session.open', { session: String(body['nonce']) }, twist)
  const form = formOf(payload, [await coalition.sign(company, payload)])
  const replayed = await coalition.ask('/api/session', { method: 'POST', body: form })
  expect(replayed.reason).toBe('act-origin-wrong')
})

test('an operator who replays a session after its five minutes is refused', async () => {
  const { body } = await coalition.ask('/api/session/nonce')
  const payload = await coalition.compose(
    'session.open',
    { session: String(body['nonce']) },
    contoso,
  )
  const signature = await coalition.sign(contoso, payload)
  const post = async () =>
    await coalition.ask('/api/session', { method: 'POST', body: formOf(payload, [signature]) })
  expect((await post()).status).toBe(200)
  coalition.clock.advance(301)
  expect((await post()).reason).toBe('session-nonce-invalid')
  expect((await coalition.post(payload, signature)).reason).toBe('act-type-unknown')
})

async function opened(api: Api) {
  return await startSession(api, {
    by: { party: contoso.domain },
    key: contoso.key,
    directory: headOf(await coalition.ports.directory.current()),
    origin: ORIGIN,
    now: coalition.clock.now(),
    nonce: fromHex('00'.repeat(16)) ?? new Uint8Array(),
  })
}

test('an operator who hides that the roster changed since is refused by whoever saw the change', async () => {
  const pins = await pinsOf(coalition)
  accepted(await fetchDirectory(deceived(), pins))
  const swap = swapping<JsonObject>(/^\/api\/directory/, (answer) => ({
    ...answer,
    head: '00'.repeat(32),
  }))
  expect(reasonOf(await fetchDirectory(deceived(swap), pins))).toBe('directory-broken')
})
