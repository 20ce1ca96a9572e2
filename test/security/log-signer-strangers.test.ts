import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openRemoteSigner } from '#adapters/log/remote-signer.ts'
import { base64, hex } from '#core/bytes.ts'
import { createServerHome, makeSignerSecret } from '#entry/home.ts'
import { type LogSignerOptions, type RunningLogSigner, startLogSigner } from '#entry/log-signer.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { toyLog } from '#test/helpers/toy-log.ts'

/**
 * An attacker with public data only: a web page that the operator visits, another user of the machine, a container beside it. They ask the
 * signer for an invented tree that grows from the real one, after which the real log can never be signed again.
 */
const NAME = { name: 'coalition.example', seed: new Uint8Array(32) }
const real = toyLog(NAME)
const evil = toyLog(NAME, 10)

let folder = ''
let home = ''
let vkey = ''
const running: RunningLogSigner[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dunant-strangers-'))
})
afterEach(async () => {
  for (const signer of running.splice(0)) await signer.close()
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A signer that has signed ten entries of the real log. */
async function start(listen?: LogSignerOptions['listen']): Promise<RunningLogSigner> {
  home = join(mkdtempSync(join(folder, 's-')), 'home')
  vkey = (await createServerHome(home, { origin: NAME.name })).log_key
  const at = listen ?? { host: '127.0.0.1', port: 0 }
  const signer = await startLogSigner({ home, listen: at, log: () => undefined })
  running.push(signer)
  await signReal(signer, 10)
  return signer
}

async function signReal({ address }: RunningLogSigner, size: number): Promise<void> {
  const server = openRemoteSigner({ address, secret: secret() })
  await server.state()
  const head = { size, root: real.root(size), vkey }
  accepted(await server.sign(head, async (old) => await real.proof(old, size)))
}

function secret(): string {
  return readFileSync(makeSignerSecret(home), 'utf8').trim()
}

async function invented(): Promise<string> {
  const proof = (await evil.proof(10, 11)).map(base64)
  return JSON.stringify({ oldSize: 10, proof, root: hex(evil.root(11)), size: 11, vkey })
}

/** As `fetch` would, but with whatever headers an attacker could send from anywhere. */
async function post(address: string, headers: Record<string, string>): Promise<number> {
  const body = await invented()
  return await new Promise((resolve, reject) => {
    const sent = request(`${address}/sign`, { method: 'POST', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }

test('whoever reaches the port of a log signer gets nothing signed without its secret, and the real log goes on', async () => {
  const signer = await start()
  expect(await post(signer.address, JSON_TYPE)).toBe(401)
  expect(await post(signer.address, { ...JSON_TYPE, authorization: 'Bearer ' })).toBe(401)
  await signReal(signer, 11)
})

test('a web page gets nothing signed, not even one that knows the secret', async () => {
  const signer = await start()
  const known = { ...JSON_TYPE, authorization: `Bearer ${secret()}` }
  const port = new URL(signer.address).port
  for (const type of [
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
  ])
    expect(await post(signer.address, { ...known, 'content-type': type }), type).toBe(415)
  for (const origin of ['https://evil.example', 'null', signer.address])
    expect(await post(signer.address, { ...known, origin }), origin).toBe(403)
  for (const host of [`evil.example:${port}`, 'evil.example', `127.0.0.1.evil.example:${port}`])
    expect(await post(signer.address, { ...known, host }), host).toBe(403)
  await signReal(signer, 11)
  expect(await post(signer.address, { ...known, host: `localhost:${port}` })).toBe(409)
})

test('another user of the machine cannot use the socket of a log signer, wherever it is', async ({
  skip,
}) => {
  skip(process.getuid?.() !== 0, 'only root can become another user')
  const open = mkdtempSync(join(tmpdir(), 'dunant-open-'))
  chmodSync(open, 0o755)
  const before = process.umask(0)
  const { address } = await start({ socket: join(open, 'log.sock') })
  process.umask(before)
  const socket = address.slice('unix:'.length)
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  const code = `require('net').connect(${JSON.stringify(socket)}).on('connect',()=>process.exit(0)).on('error',(e)=>{console.log(e.code);process.exit(1)})`
  const asNobody = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'node', '-e', code])
  expect([asNobody.status, String(asNobody.stdout)]).toEqual([1, 'EACCES\n'])
  rmSync(open, { recursive: true, force: true })
})

test('a log signer does not listen in a folder where others could put a socket of their own', async () => {
  const shared = join(folder, 'shared')
  mkdirSync(shared)
  chmodSync(shared, 0o777)
  await expect(start({ socket: join(shared, 'log.sock') })).rejects.toThrow(
    'others may write there',
  )
})
