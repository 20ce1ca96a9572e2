import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openRemoteSigner } from '#adapters/log/remote-signer.ts'
import { auditLog } from '#client/audit.ts'
import { systemRandom } from '#client/random.ts'
import { hex } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { EMPTY_ROOT, leafHash } from '#core/log/merkle.ts'
import { readEnvironment } from '#entry/config.ts'
import { createServerHome, makeSignerSecret, setGenesis } from '#entry/home.ts'
import { startLogSigner } from '#entry/log-signer.ts'
import { type RunningServer, startServer } from '#entry/node.ts'
import { program, runProcess, textOf } from '#test/helpers/command-line.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { type Coalition, composeCharter, ORIGIN, QUORUMS } from '#test/helpers/coalition.ts'
import { connect, pinsOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { emptyPostgres } from '#test/helpers/postgres.ts'
import { distantClients } from '#test/helpers/server-process.ts'

let folder = ''
let home = ''
let company: Awaited<ReturnType<typeof companyKey>>
let log_key = ''
let charter: Uint8Array
let genesis = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dunant-log-signer-'))
  home = join(folder, 'home')
  company = await companyKey('contoso.example')
  const terms = await createServerHome(home, { origin: ORIGIN })
  log_key = terms.log_key
  charter = composeCharter(
    [company],
    {
      log_key,
      quorums: QUORUMS,
      service_certificate: terms.service_certificate,
      templates: [],
      witnesses: { keys: [], quorum: 0 },
    },
    Math.floor(Date.now() / 1000),
  )
  genesis = sha256Hex(charter)
  setGenesis(home, genesis)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const running: RunningServer[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

/** Runs `dunant log-signer` and answers where it listens. */
async function launch(
  ...options: readonly string[]
): Promise<{ address: string; child: ChildProcess }> {
  const child = spawn(
    process.execPath,
    [program(), 'log-signer', '--data', home, '--json', '--quiet', ...options],
    { cwd: folder, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const [, found] = /"address":"([^"]+)"/.exec(chunk.toString()) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => {
      reject(new Error('the log signer ended'))
    })
  })
  return { address, child }
}

async function serve(env: Readonly<Record<string, string>>): Promise<Coalition> {
  const config = readEnvironment({ DUNANT_PORT: '0', ...env })
  const server = await startServer({ home, config, log: () => undefined })
  running.push(server)
  return distantClients(server.url, { companies: [company], folder: home, genesis, vkey: log_key })
}

async function file(coalition: Coalition): Promise<unknown> {
  const tokens = [sha256Hex(systemRandom(32))]
  const answer = await coalition.submit('mailbox.invite', { tokens }, company)
  expect(answer.status, answer.text).toBe(201)
  return answer.body['receipt']
}

test('servers on one PostgreSQL do not start without the address of a log signer', async () => {
  const url = await emptyPostgres()
  expect(() => readEnvironment({ DUNANT_DATABASE_URL: url })).toThrow('DUNANT_LOG_SIGNER')
  const config = { ...readEnvironment({ DUNANT_PORT: '0' }), databaseUrl: url }
  await expect(startServer({ home, config, log: () => undefined })).rejects.toThrow(
    'DUNANT_LOG_SIGNER',
  )
})

test('servers on one PostgreSQL have one log signed by one process, also after that one was killed; then they refuse a database that it does not know', async () => {
  const socket = join(folder, 'log.sock')
  const { address, child } = await launch('--socket', socket)
  expect(address).toBe(`unix:${socket}`)
  const database = { DUNANT_DATABASE_URL: await emptyPostgres(), DUNANT_LOG_SIGNER: address }
  const [one, two] = [await serve(database), await serve(database)]
  const founded = await one.post(charter, await one.sign(company, charter))
  expect(founded.status, founded.text).toBe(201)
  const receipts = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => await file(i % 2 === 0 ? one : two)),
  )
  expect(receipts.filter((receipt) => receipt === null)).toEqual([])
  child.kill('SIGKILL')
  await once(child, 'exit')
  // Acts are accepted all the same; their receipts wait for the signer.
  expect(await file(one)).toBeNull()
  await launch('--socket', socket)
  for (const server of [two, one, two]) expect(await file(server)).not.toBeNull()
  const report = accepted(await auditLog(connect(one), await pinsOf(one)))
  // The charter with its head, and 28 acts.
  expect(report).toMatchObject({ size: 30, privateRecords: 28 })
  const state = await openRemoteSigner({ address, secret: undefined }).state()
  expect(state.size).toBe(30)
  await expect(
    serve({ DUNANT_DATABASE_URL: await emptyPostgres(), DUNANT_LOG_SIGNER: address }),
  ).rejects.toThrow('the log signer has seen 30 entries of the log, and the database has 0')
})

test('a log signer listens on a socket in its folder unless told otherwise, and works alone there', async () => {
  const { address } = await launch()
  const socket = join(home, 'log.sock')
  expect([address, statSync(socket).mode & 0o777]).toEqual([`unix:${socket}`, 0o600])
  expect(statSync(home).mode & 0o777).toBe(0o700)
  const second = await runProcess(['log-signer', '--data', home, '--port', '0'])
  expect([second.code, second.err]).toEqual([7, expect.stringContaining('holds')])
})

test('a log signer does not start without its memory, nor with one that is of another key', async () => {
  const copy = join(folder, 'copy')
  mkdirSync(join(copy, 'keys'), { recursive: true })
  for (const name of ['server.json', 'keys/log.seed'])
    copyFileSync(join(home, name), join(copy, name))
  const listen = { host: '127.0.0.1', port: 0 }
  const start = async () => await startLogSigner({ home: copy, listen, log: () => undefined })
  await expect(start()).rejects.toThrow('no memory')
  const ran = await runProcess(['log-signer', '--data', copy, '--port', '0'])
  expect([ran.code, ran.err]).toEqual([3, expect.stringContaining('no memory')])
  const other = join(folder, 'other')
  await createServerHome(other, { origin: ORIGIN })
  copyFileSync(join(home, 'log-memory'), join(copy, 'log-memory'))
  expect(readFileSync(join(copy, 'log-memory'), 'utf8')).toMatch(/ [0-9a-f]{8}\n$/)
  copyFileSync(join(other, 'keys', 'log.seed'), join(copy, 'keys', 'log.seed'))
  await expect(start()).rejects.toThrow('a key that it does not hold')
})

test('a log signer that listens on a port makes a secret, and then knows who has it', async () => {
  const kept = join(home, 'keys', 'signer.secret')
  expect(existsSync(kept)).toBe(false)
  const { address } = await launch('--port', '0')
  const secret = readFileSync(kept, 'utf8').trim()
  expect([secret.length, statSync(kept).mode & 0o777]).toEqual([64, 0o600])
  for (const wrong of [undefined, '', 'ab'.repeat(32), `${secret}0`])
    await expect(openRemoteSigner({ address, secret: wrong }).state(), wrong).rejects.toThrow()
  expect((await openRemoteSigner({ address, secret }).state()).vkeys).toEqual([log_key])
  rmSync(kept)
  const config = readEnvironment({ DUNANT_PORT: '0', DUNANT_LOG_SIGNER: address })
  const server = join(folder, 'server')
  await createServerHome(server, { origin: ORIGIN })
  await expect(startServer({ home: server, config, log: () => undefined })).rejects.toThrow(
    `asks for a secret: copy keys/signer.secret of its folder to ${join(server, 'keys')}`,
  )
})

function secretOf(of: string): string {
  return readFileSync(makeSignerSecret(of), 'utf8').trim()
}

test('a log signer says what is wrong with a request, and signs nothing', async () => {
  const listen = { host: '127.0.0.1', port: 0 }
  const signer = await startLogSigner({ home, listen, log: () => undefined })
  const headers = { authorization: `Bearer ${secretOf(home)}`, 'content-type': 'application/json' }
  const ask = async (path: string, body: string) => {
    const answer = await fetch(`${signer.address}${path}`, { method: 'POST', body, headers })
    return [answer.status, await answer.text()]
  }
  const before = readFileSync(join(home, 'log-memory'), 'utf8')
  const { size } = signer.state
  const wish = { oldSize: size, proof: [], root: '00'.repeat(32), size, vkey: log_key }
  expect(await ask('/other', '')).toEqual([404, 'not-found\n'])
  for (const body of ['', '[]', '{}', '{"size":1}', JSON.stringify({ ...wish, more: 1 })])
    expect(await ask('/sign', body), body).toEqual([400, 'request-malformed\n'])
  for (const change of [{ size: -1 }, { size: 2 ** 53 }, { root: '00' }, { proof: ['', 1, 'x'] }])
    expect((await ask('/sign', JSON.stringify({ ...wish, ...change })))[0]).toBeGreaterThan(399)
  expect(await ask('/sign', 'x'.repeat(20_000))).toEqual([413, 'request-too-large\n'])
  expect(await ask('/sign', JSON.stringify({ ...wish, oldSize: size + 1 }))).toEqual([
    409,
    `${String(size)}\n`,
  ])
  expect(await ask('/sign', JSON.stringify(wish))).toEqual([422, 'checkpoint-inconsistent\n'])
  expect(await ask('/sign', JSON.stringify({ ...wish, vkey: 'x' }))).toEqual([422, 'key-missing\n'])
  expect(readFileSync(join(home, 'log-memory'), 'utf8')).toBe(before)
  await signer.close()
  const { address } = signer
  const remote = openRemoteSigner({ address, secret: undefined })
  await expect(remote.state()).rejects.toThrow('cannot be reached')
})

/** A server on SQLite with its own signer, to be stopped by the test. */
async function serveAlone(): Promise<{ coalition: Coalition; stop: () => Promise<void> }> {
  const coalition = await serve({})
  const [server] = running.splice(0)
  return { coalition, stop: async () => await server?.close() }
}

/** From nothing to anything there is nothing to prove, and from a tree to itself neither. */
async function noProof(): Promise<readonly Uint8Array[]> {
  return await Promise.resolve([])
}

test('a log signer changes to the key that rotate prepared, without a restart, and the old seed is gone', async () => {
  const own = join(folder, 'rotated')
  const { log_key: old } = await createServerHome(own, { origin: ORIGIN })
  const listen = { socket: join(own, 'log.sock') }
  const signer = await startLogSigner({ home: own, listen, log: () => undefined })
  const remote = openRemoteSigner({ address: signer.address, secret: undefined })
  const head = { size: 1, root: leafHash(Uint8Array.of(1)) }
  const seed = readFileSync(join(own, 'keys', 'log.seed'), 'utf8')
  const rotate = async () => {
    const ran = await runProcess(['log-signer', 'rotate', '--data', own, '--json'])
    return textOf(ran, 'log_key')
  }
  const next = await rotate()
  expect([await rotate(), (await remote.state()).vkeys]).toEqual([next, [old, next]])
  accepted(await remote.sign({ ...head, vkey: old }, noProof))
  accepted(await remote.sign({ ...head, vkey: next }, noProof))
  expect(reasonOf(await remote.sign({ ...head, vkey: old }, noProof))).toBe('key-missing')
  expect(existsSync(join(own, 'keys', 'log.next.seed'))).toBe(false)
  expect(readFileSync(join(own, 'keys', 'log.seed'), 'utf8')).not.toBe(seed)
  await signer.close()
  const again = await startLogSigner({ home: own, listen, log: () => undefined })
  expect(again.state).toMatchObject({ size: 1, vkeys: [next] })
  await again.close()
})

test('a server does not start on a restored database that is older than what its signer remembers', async () => {
  const database = join(home, 'dunant.sqlite')
  // The tests before had this home sign another log.
  const memory = join(home, 'log-memory')
  writeFileSync(memory, `0 ${hex(EMPTY_ROOT)}\n`)
  const first = await serveAlone()
  expect(
    (await first.coalition.post(charter, await first.coalition.sign(company, charter))).status,
  ).toBe(201)
  await first.stop()
  copyFileSync(database, join(folder, 'backup'))
  const second = await serveAlone()
  await file(second.coalition)
  await second.stop()
  for (const name of ['dunant.sqlite-wal', 'dunant.sqlite-shm'])
    rmSync(join(home, name), { force: true })
  copyFileSync(join(folder, 'backup'), database)
  await expect(serveAlone()).rejects.toThrow(
    'the log signer has seen 3 entries of the log, and the database has 2: an old database was restored',
  )
  const ran = await runProcess(['serve', '--data', home, '--port', '0', '--quiet'])
  expect([ran.code, ran.err]).toEqual([5, expect.stringContaining('an old database was restored')])
})
