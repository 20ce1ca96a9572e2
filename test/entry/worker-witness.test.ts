import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { hex, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { leafHash } from '#core/log/merkle.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { termsOf } from '#entry/home.ts'
import { type Coalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { distantClients } from '#test/helpers/server-process.ts'
import { logOf } from '#test/helpers/toy-log.ts'
import { draftWitnessed, type SwitchedWitness, switched, until } from '#test/helpers/witnessed.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'

// The bundle in workerd, whose charter names two witnesses that answer over HTTP on the loopback interface.

const BUNDLE = 'dist/worker.js'
const folder = mkdtempSync(join(tmpdir(), 'dunant-worker-'))
const seed = systemRandom.bytes(32)

let bindings: Record<string, string>
let witnesses: readonly SwitchedWitness[]
let drafted: Awaited<ReturnType<typeof draftWitnessed>>
let genesis = ''
let logKey = ''
let worker: Miniflare
let coalition: Coalition

/** A new isolate on the same D1, R2 and Durable Objects. */
async function start(): Promise<void> {
  worker = new Miniflare({
    modules: true,
    scriptPath: BUNDLE,
    compatibilityDate: '2026-04-20',
    compatibilityFlags: ['nodejs_compat'],
    d1Databases: ['DB'],
    r2Buckets: ['BLOBS'],
    durableObjects: { SIGNER: { className: 'LogSignerObject', useSQLite: true } },
    d1Persist: join(folder, 'd1'),
    r2Persist: join(folder, 'r2'),
    durableObjectsPersist: join(folder, 'objects'),
    host: '127.0.0.1',
    port: 0,
    bindings,
  })
  const { origin: url } = await worker.ready
  const { companies } = drafted
  coalition = distantClients(url, { companies, folder, genesis, vkey: logKey })
}

async function restart(): Promise<void> {
  await worker.dispose()
  await start()
}

const invite = async () =>
  await coalition.submit(
    'mailbox.invite',
    { tokens: [sha256Hex(systemRandom.bytes(32))] },
    threeOf(coalition).contoso,
  )

async function witnessedBy(id: string): Promise<number> {
  const token = await coalition.session(threeOf(coalition).contoso)
  const { text } = await coalition.ask(`/api/acts/${id}/receipt`, { token })
  const receipt = accepted(parseReceipt(text))
  return accepted(await verifyReceipt(receipt, { origin: ORIGIN, genesis }, parseAct)).witnessed
}

async function cron(): Promise<void> {
  const { scheduled } = await worker.getWorker()
  await scheduled({ cron: '* * * * *' })
}

async function sizeOf(): Promise<number> {
  return Number((await coalition.ask('/log/checkpoint')).text.split('\n')[1])
}

beforeAll(async () => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: npm run build`)
  const service = await generateServiceKey({ origin: ORIGIN, date: Math.floor(Date.now() / 1000) })
  const terms = termsOf(ORIGIN, { certificate: service.publicBytes, seed })
  const { log_key, service_certificate } = terms
  logKey = log_key
  witnesses = [await switched('w1.example', log_key), await switched('w2.example', log_key)]
  drafted = await draftWitnessed(witnesses, { quorum: 2 }, { log_key, service_certificate })
  genesis = sha256Hex(drafted.charter)
  bindings = {
    CHALLENGE_SECRET: hex(systemRandom.bytes(32)),
    GENESIS_ID: genesis,
    LOG_SEED: hex(seed),
    ORIGIN,
    SERVICE_KEY: service.privateArmored,
    WITNESSES: JSON.stringify(witnesses.map(({ url, vkey }) => ({ url, vkey }))),
  }
  await start()
}, 60_000)

afterAll(async () => {
  await worker.dispose()
  for (const witness of witnesses) {
    await witness.off()
    witness.clear()
  }
  rmSync(folder, { recursive: true, force: true })
})

test('what a request has logged is cosigned after its answer', async () => {
  const { charter, companies } = drafted
  const votes = companies.map(async (company) => await coalition.sign(company, charter))
  const founded = await coalition.post(charter, ...(await Promise.all(votes)))
  expect([founded.status, founded.text]).toEqual([201, expect.any(String)])
  const id = idOf(await invite())
  await until(async () => (await witnessedBy(id)) === 2)
})

test('what was logged while the witnesses were away is cosigned by cron', async () => {
  for (const witness of witnesses) await witness.off()
  const id = idOf(await invite())
  expect(await witnessedBy(id)).toBe(0)
  for (const witness of witnesses) await witness.on()
  await until(async () => {
    await cron()
    return (await witnessedBy(id)) === 2
  })
})

test('an isolate that no witness answers reads, and writes once enough do', async () => {
  for (const witness of witnesses) await witness.off()
  await restart()
  const size = await sizeOf()
  const refused = await invite()
  expect([refused.status, refused.body['type']]).toEqual([503, '/problems/unavailable'])
  expect(refused.body['detail']).toMatch(/^witnesses-silent: .*w1\.example, w2\.example/)
  await expect(cron()).resolves.toBeUndefined()
  expect(await sizeOf()).toBe(size)
  for (const witness of witnesses) await witness.on()
  await until(async () => (await invite()).status === 201)
})

test('an isolate whose first write meets a proof of a fork writes nothing, nor does any other after it', async () => {
  const id = idOf(await invite())
  await until(async () => (await witnessedBy(id)) === 2)
  await forkAt(await sizeOf())
  await restart()
  for (const witness of witnesses) {
    const refused = await invite()
    expect(refused.status).toBe(503)
    expect(refused.body['detail']).toMatch(/^log-contradicted: the witness w1\.example/)
    // The proof is kept: the next isolate needs nobody to show it again.
    await witness.off()
    await restart()
  }
  expect(await coalition.ask('/readyz')).toMatchObject({ body: { detail: 'witnesses' } })
  expect(await witnessedBy(id)).toBe(2)
})

/** Has the first witness cosign a longer tree of the log, which its own key has signed. */
async function forkAt(size: number): Promise<void> {
  const { bytes } = await coalition.ask(`/log/tile/0/000.p/${String(size)}`)
  const leaves = Array.from({ length: size }, (_, i) => bytes.slice(i * 32, i * 32 + 32))
  const others = Array.from({ length: 5 }, (_, i) => leafHash(utf8(`another ${String(i)}`)))
  const thief = logOf({ name: ORIGIN, seed }, [...leaves, ...others])
  const body = await thief.request(size, size + 5)
  const url = `${witnesses[0]?.url ?? ''}/add-checkpoint`
  expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
}
