import { existsSync } from 'node:fs'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { generateOfficerKey, signDetached, type UnlockedKey, unlockKey } from '#client/openpgp.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { NO_HEAD } from '#core/act.ts'
import { base64, hex } from '#core/bytes.ts'
import { canonicalJson, type JsonObject } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatInstant } from '#core/time.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { termsOf } from '#entry/home.ts'
import { QUORUMS } from '#test/helpers/roster.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'

// The bundle that `wrangler.toml` names, in workerd with D1, R2 and a Durable Object.

const BUNDLE = 'dist/worker.js'
const ORIGIN = 'coalition.example'
const A = 'a.example'
const B = 'b.example'
const now = Math.floor(Date.now() / 1000)

let worker: Miniflare
let genesis = ''
let keys: ReadonlyMap<string, { key: UnlockedKey; certificate: string }>

const act = (type: string, by: string, body: JsonObject): Uint8Array =>
  canonicalJson({
    at: formatInstant(now),
    body,
    by: { party: by },
    directory: NO_HEAD,
    expires: formatInstant(now + 86_400),
    nonce: hex(systemRandom.bytes(16)),
    origin: ORIGIN,
    type,
    v: 1,
  })

const post = async (payload: Uint8Array, ...signers: readonly string[]) => {
  const signed = signers.map(async (domain) => {
    const signer = keys.get(domain)
    if (signer === undefined) throw new Error(`no key for ${domain}`)
    return await signDetached(signer.key, payload)
  })
  const body = JSON.stringify({ payload: base64(payload), signatures: await Promise.all(signed) })
  return await worker.dispatchFetch(`http://${ORIGIN}/api/acts`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
}

async function makeKey(name: string): Promise<{ key: UnlockedKey; certificate: string }> {
  const made = await generateOfficerKey({ userId: { name }, passphrase: '', unprotected: true })
  const key = await unlockKey(made.privateArmored, '')
  if (!key.ok) throw new Error(key.refusal.reason)
  return { key: key.value, certificate: base64(made.publicBytes) }
}

let charter: Uint8Array

beforeAll(async () => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: npm run build`)
  keys = new Map([
    [A, await makeKey(A)],
    [B, await makeKey(B)],
  ])
  const service = await generateServiceKey({ origin: ORIGIN, date: now })
  const seed = systemRandom.bytes(32)
  const { log_key, service_certificate } = termsOf(ORIGIN, {
    certificate: service.publicBytes,
    seed,
  })
  const founders = [...keys].map(([domain, { certificate }]) => ({
    domain,
    officers: [{ certificate, duties: DUTIES }],
  }))
  charter = act('charter.adopt', A, {
    founders,
    log_key,
    quorums: { ...QUORUMS },
    service_certificate,
    templates: [],
    witnesses: { keys: [], quorum: 0 },
  })
  genesis = sha256Hex(charter)
  worker = new Miniflare({
    modules: true,
    scriptPath: BUNDLE,
    compatibilityDate: '2026-04-20',
    compatibilityFlags: ['nodejs_compat'],
    d1Databases: ['DB'],
    r2Buckets: ['BLOBS'],
    durableObjects: { SIGNER: 'LogSignerObject' },
    bindings: {
      CHALLENGE_SECRET: hex(systemRandom.bytes(32)),
      GENESIS_ID: genesis,
      LOG_SEED: hex(seed),
      ORIGIN,
      SERVICE_KEY: service.privateArmored,
    },
  })
}, 60_000)

afterAll(async () => await worker.dispose())

test('the Worker adopts a charter, logs it, and answers with a receipt that verifies offline', async () => {
  const lone = await post(charter, A)
  expect([lone.status, await lone.json()]).toMatchObject([
    422,
    { type: '/problems/founder-missing' },
  ])

  const adopted = await post(charter, A, B)
  expect(adopted.status).toBe(201)

  const file = await worker.dispatchFetch(`http://${ORIGIN}/api/acts/${genesis}/receipt`)
  const receipt = parseReceipt(await file.text())
  if (!receipt.ok) throw new Error(receipt.refusal.reason)
  const verified = await verifyReceipt(receipt.value, { origin: ORIGIN, genesis }, parseAct)
  expect(verified).toMatchObject({ ok: true, value: { status: 'logged', treeSize: 2 } })
})

test('the Worker remembers across requests and refuses as Node does', async () => {
  const again = await post(charter, A, B)
  expect(again.status).toBe(200)
  const change = act('officer.retire', A, {
    fingerprint: keys.get(B)?.key.fingerprint ?? '',
    reason: 'compromised',
  })
  const stale = await post(change, A)
  expect([stale.status, await stale.json()]).toMatchObject([
    409,
    { type: '/problems/directory-unknown' },
  ])
  const checkpoint = await (await worker.dispatchFetch(`http://${ORIGIN}/log/checkpoint`)).text()
  expect(checkpoint.split('\n').slice(0, 2)).toEqual([ORIGIN, '2'])
})

test('the Worker serves the same description of its API', async () => {
  const document = await worker.dispatchFetch(`http://${ORIGIN}/api/openapi.json`)
  expect(await document.json()).toMatchObject({ openapi: '3.1.0' })
})
