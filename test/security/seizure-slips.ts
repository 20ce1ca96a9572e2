import { connect } from 'node:net'
import { generateKey, readPrivateKey } from 'openpgp'
import { base64, concat, fromUtf8, utf8 } from '#core/bytes.ts'
import { canonicalJson, type JsonObject, readCanonical } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { readNumber, TAG, writePacket } from '#core/packet-walk.ts'
import { writeArmor } from '#core/packets.ts'
import { type Answered, type Coalition, formOf, threeOf } from '#test/helpers/coalition.ts'
import { customerKey } from '#test/helpers/coalition-keys.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted, firstBody, signAt } from '#test/helpers/openpgp-keys.ts'
import type { ServerProcess } from '#test/helpers/server-process.ts'
import { SENTENCES, SLIPS } from './seizure-markers.ts'

/** Sends names and texts to where they do not belong, in requests that are refused and in some that are not. */
export async function slip(server: ServerProcess): Promise<void> {
  const { coalition } = server
  await slipIntoHeaders(coalition)
  await slipIntoActs(coalition)
  await slipIntoSignatures(coalition)
  await slipIntoUploads(coalition)
  await breakOff(server)
}

function expectStatus(answered: Answered, ...statuses: readonly number[]): void {
  if (!statuses.includes(answered.status))
    throw new Error(`not refused as it should be: ${String(answered.status)} ${answered.text}`)
}

async function slipIntoHeaders(coalition: Coalition): Promise<void> {
  const headers = {
    'User-Agent': SLIPS.userAgent,
    Referer: `https://example.org/${SLIPS.referer}`,
    Cookie: `session=${SLIPS.cookie}; __Host-dunant=${SLIPS.cookie}`,
    'X-Forwarded-For': SLIPS.forwarded,
    Forwarded: `for="${SLIPS.forwarded}"`,
  }
  const query = `?q=${SLIPS.query}`
  for (const path of ['/', '/api/directory', '/log/checkpoint', '/healthz'])
    expectStatus(await coalition.ask(`${path}${query}`, { headers }), 200, 400)
  for (const path of [
    '/api/acts',
    '/api/mailboxes',
    '/api/templates',
    '/log/tile',
    '/keys',
    '/problems',
  ])
    expectStatus(await coalition.ask(`${path}/${SLIPS.path}${query}`, { headers }), 401, 404)
  const named = encodeURIComponent(SLIPS.jsonText)
  expectStatus(await coalition.ask(`/api/${named}`, { method: 'DELETE', headers }), 404, 405)
  const bearer = { ...headers, Authorization: `Bearer ${SLIPS.bearer}` }
  expectStatus(await coalition.ask('/api/acts?status=pending', { headers: bearer }), 401)
  const basic = { Authorization: `Basic ${Buffer.from(`x:${SLIPS.bearer}`).toString('base64')}` }
  expectStatus(await coalition.ask('/api/acts?status=pending', { headers: basic }), 401)
}

async function slipIntoActs(coalition: Coalition): Promise<void> {
  const { contoso } = threeOf(coalition)
  const good = await coalition.compose('mailbox.invite', { tokens: ['00'.repeat(32)] }, contoso)
  const act: JsonObject = Object.fromEntries(Object.entries(Object(accepted(readCanonical(good)))))
  const changed = [
    { ...act, [SLIPS.jsonKey]: SLIPS.jsonText },
    { ...act, body: { tokens: [SLIPS.jsonText] } },
    { ...act, type: SLIPS.jsonText },
    { ...act, by: { party: SLIPS.filer } },
    { ...act, nonce: SENTENCES[0] },
  ]
  for (const payload of changed.map((one) => canonicalJson(one))) {
    const signature = await coalition.sign(contoso, payload)
    expectStatus(await coalition.post(payload, signature), 403, 422)
    const json = JSON.stringify({ payload: base64(payload), signatures: [signature] })
    const headers = { 'Content-Type': 'application/json' }
    expectStatus(
      await coalition.ask('/api/acts', { method: 'POST', body: json, headers }),
      403,
      422,
    )
  }
  const broken = `{"${SLIPS.jsonKey}":"${SLIPS.jsonText}"`
  const headers = { 'Content-Type': 'application/json' }
  expectStatus(await coalition.ask('/api/acts', { method: 'POST', body: broken, headers }), 400)
  const form = formOf(good, [await coalition.sign(contoso, good)])
  form.append(SLIPS.formField, SLIPS.jsonText)
  expectStatus(await coalition.ask('/api/acts', { method: 'POST', body: form }), 400)
  const newcomer = await coalition.enrol('slips')
  const body = { filers: [SLIPS.filer] }
  expectStatus(await coalition.submit('mailbox.filers', body, newcomer), 422)
}

/** The last two are taken: nothing but what was signed may be kept of them. */
async function slipIntoSignatures(coalition: Coalition): Promise<void> {
  const { contoso } = threeOf(coalition)
  const invite = async (): Promise<Uint8Array> => {
    const tokens = [sha256Hex(crypto.getRandomValues(new Uint8Array(32)))]
    return await coalition.compose('mailbox.invite', { tokens }, contoso)
  }
  const payload = await invite()
  const good = await coalition.sign(contoso, payload)
  for (const armored of [
    SLIPS.armorText,
    `${SLIPS.armorText}\n${good}`,
    `${good}${SLIPS.armorText}`,
  ])
    expectStatus(await coalition.post(payload, armored), 400)
  const commented = good.replace('\n\n', `\nComment: ${SLIPS.armorHeader}\n\n`)
  const form = new FormData()
  form.append('act', new Blob([Uint8Array.from(payload)]), SLIPS.formFile)
  form.append('signature', new Blob([commented]), SLIPS.formFile)
  idOf(await coalition.ask('/api/acts', { method: 'POST', body: form }))
  const second = await invite()
  const key = await readPrivateKey({ armoredKey: contoso.privateArmored })
  const signed = await signAt(key, coalition.clock.now(), second)
  idOf(await coalition.post(second, writeArmor('PGP SIGNATURE', remarked(signed))))
}

/** A signature with a notation where nobody signs it: its unhashed area is grown by one subpacket. */
function remarked(bytes: Uint8Array): Uint8Array {
  const body = firstBody(bytes)
  const start = 6 + (readNumber(body, 4, 2) ?? 0)
  const length = readNumber(body, start, 2) ?? 0
  const name = 'remark@example.org'
  const data = utf8(name + SLIPS.remark)
  const head = [data.length + 9, 20, 0x80, 0, 0, 0, 0, name.length, 0, SLIPS.remark.length]
  const grown = length + data.length + head.length
  return writePacket(
    TAG.signature,
    concat(
      body.subarray(0, start),
      Uint8Array.of(grown >> 8, grown & 0xff),
      body.subarray(start + 2, start + 2 + length),
      Uint8Array.from(head),
      data,
      body.subarray(start + 2 + length),
    ),
  )
}

async function slipIntoUploads(coalition: Coalition): Promise<void> {
  const { contoso } = threeOf(coalition)
  const { publicKey } = await generateKey({ userIDs: { name: SLIPS.certificateName } })
  for (const purpose of ['mailbox', 'officer']) {
    const path = `/api/challenges?purpose=${purpose}`
    expectStatus(await coalition.ask(path, { method: 'POST', body: publicKey }), 200, 422)
  }
  const { certificateBytes } = await customerKey('slips')
  const armored = writeArmor('PGP PUBLIC KEY BLOCK', certificateBytes)
  const around = `${SLIPS.armorText}\n${armored}`
  const path = '/api/challenges?purpose=mailbox'
  expectStatus(await coalition.ask(path, { method: 'POST', body: around }), 400)
  const token = await coalition.session(contoso)
  const put = async (where: string, text: string, headers: Record<string, string> = {}) => {
    const body = Uint8Array.from(utf8(text))
    expectStatus(await coalition.ask(where, { method: 'PUT', token, body, headers }), 400, 422)
  }
  await put(`/api/briefs/${sha256Hex(utf8(SLIPS.briefText))}`, SLIPS.briefText)
  await put(`/api/briefs/${'00'.repeat(32)}`, SLIPS.briefText)
  const text = canonicalJson({ greeting: SLIPS.templateText })
  await put(`/api/templates/${sha256Hex(text)}`, fromUtf8(text) ?? '')
  const lines = [
    SLIPS.bundleText,
    `{"commitment":"${'00'.repeat(32)}","note":"${SLIPS.bundleText}"}`,
  ]
  for (const line of lines) {
    const range = `bytes 0-${String(line.length)}/${String(line.length + 1)}`
    await put(`/api/bundles/${'11'.repeat(32)}?count=1024`, `${line}\n`, { 'Content-Range': range })
  }
}

/** Goes away in the middle of a request. */
async function breakOff({ url, isUp }: ServerProcess): Promise<void> {
  const { hostname, port } = new URL(url)
  const half = `{"${SLIPS.jsonKey}":"${SLIPS.jsonText} ${SENTENCES.join(' ')}`
  const head = [
    'POST /api/acts HTTP/1.1',
    `Host: ${hostname}`,
    'Content-Type: application/json',
    `User-Agent: ${SLIPS.userAgent}`,
    'Content-Length: 100000',
  ]
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head.join('\r\n')}\r\n\r\n${half}`, () => {
        setTimeout(() => {
          socket.destroy()
          resolve()
        }, 100)
      })
    })
    socket.once('error', reject)
  })
  if (!isUp()) throw new Error('the server is gone')
}
