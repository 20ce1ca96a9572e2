import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openFileSigner } from '#adapters/log/file-signer.ts'
import { openFileWitnessMemory } from '#adapters/log/file-witness-memory.ts'
import { sameBytes } from '#core/bytes.ts'
import { formatNote, KEY_TYPE_COSIGNATURE, parseVkey, verifierOf } from '#core/log/note.ts'
import { originHash } from '#core/log/witness.ts'
import { readEnvironment } from '#entry/config.ts'
import { createServerHome } from '#entry/home.ts'
import { startLogSigner } from '#entry/log-signer.ts'
import { startServer } from '#entry/node.ts'
import { program } from '#test/helpers/command-line.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { toyLog } from '#test/helpers/toy-log.ts'
import { serveWitness, type WitnessFolder, witnessFolder } from '#test/helpers/witnesses.ts'

/**
 * Two containers on one volume: process ids say nothing between them, so that each could take the other for dead, and both would sign.
 */
const NAME = { name: 'coalition.example', seed: new Uint8Array(32).fill(1) }
const log = toyLog(NAME)
const fork = toyLog(NAME, 5)

let folder = ''
let home = ''
let vkey = ''
let witness: WitnessFolder
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dunant-one-signer-'))
  home = join(folder, 'home')
  vkey = (await createServerHome(home, { origin: NAME.name })).log_key
  witness = witnessFolder('w.example', [log.vkey])
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})
afterAll(() => {
  witness.clear()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a command as process 1 of a container, where this machine lets us make one, and says whether it listens. */
async function launch(args: readonly string[]): Promise<'listens' | 'refused'> {
  const [file = '', ...words] =
    process.getuid?.() === 0
      ? ['unshare', '--pid', '--fork', '--kill-child', process.execPath]
      : [process.execPath]
  const child = spawn(file, [...words, program(), ...args, '--json'], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let said = ''
  return await new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      if (/"(?:address|url)":"(?:http|unix):/.test(said)) resolve('listens')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('close', () => {
      if (said.includes('another process holds')) resolve('refused')
      else reject(new Error(said))
    })
  })
}

const COMMANDS = [
  ['log-signer', () => ['log-signer', '--data', home, '--port', '0']],
  ['witness', () => ['witness', '--data', witness.home, '--port', '0']],
  ['serve', () => ['serve', '--data', home, '--port', '0']],
] as const

test.each(COMMANDS)(
  'of two processes in two containers, `%s` runs in one, and in the other once that was killed',
  async (_name, args) => {
    expect(await launch(args())).toBe('listens')
    expect(await launch(args())).toBe('refused')
    const [first] = children
    first?.kill('SIGKILL')
    if (first !== undefined) await once(first, 'exit')
    expect(await launch(args())).toBe('listens')
  },
)

test('no two of server, log signer and witness run on one home, whoever starts them', async () => {
  const socket = join(home, 'log.sock')
  const options = { home, log: () => undefined }
  const signer = await startLogSigner({ ...options, listen: { socket } })
  const config = readEnvironment({ DUNANT_PORT: '0' })
  await expect(startServer({ ...options, config })).rejects.toThrow('another process holds')
  await signer.close()
  const server = await startServer({ ...options, config })
  await expect(startLogSigner({ ...options, listen: { socket } })).rejects.toThrow('holds')
  await server.close()
  const first = await serveWitness(witness.home)
  await expect(serveWitness(witness.home)).rejects.toThrow('another process holds')
  await first.close()
})

test('a signer that missed what another one signed signs no second log', async () => {
  const path = join(home, 'log-memory')
  const seed = readFileSync(join(home, 'keys', 'log.seed'), 'utf8').trim()
  const seeds = () => [Uint8Array.from(Buffer.from(seed, 'hex'))]
  const open = () => openFileSigner({ origin: NAME.name, path, newLog: false, seeds })
  const [one, two] = [open(), open()]
  await two.state()
  const proveIn = (of: typeof log) => async (old: number) => await of.proof(old, 10)
  accepted(await one.sign({ size: 10, root: log.root(10), vkey }, proveIn(log)))
  expect(reasonOf(await two.sign({ size: 10, root: fork.root(10), vkey }, proveIn(fork)))).toBe(
    'checkpoint-inconsistent',
  )
  expect((await two.state()).size).toBe(10)
  expect(sameBytes((await two.state()).root, log.root(10))).toBe(true)
})

test('a witness that missed what another one cosigned tells the file, and not what it knew', async () => {
  const seed = Uint8Array.from(
    Buffer.from(readFileSync(join(witness.home, 'keys', 'witness.seed'), 'utf8').trim(), 'hex'),
  )
  const key = verifierOf({ name: 'w.example', seed }, KEY_TYPE_COSIGNATURE)
  expect(parseVkey(witness.vkey)).toMatchObject({ ok: true, value: key })
  const settings = { folder: join(witness.home, 'logs'), origins: [NAME.name], witness: key }
  const [one, two] = [openFileWitnessMemory(settings), openFileWitnessMemory(settings)]
  expect(await two.recall(NAME.name)).toBeUndefined()
  const running = await serveWitness(witness.home)
  const body = await log.request(0, 10)
  expect((await fetch(`${running.url}/add-checkpoint`, { method: 'POST', body })).status).toBe(200)
  await running.close()
  const [a, b] = [await one.recall(NAME.name), await two.recall(NAME.name)]
  expect(a?.startsWith(log.note(10).text)).toBe(true)
  expect(b).toBe(a)
  writeFileSync(join(settings.folder, originHash(NAME.name)), formatNote(fork.note(10)))
  await expect(two.recall(NAME.name)).rejects.toThrow('cannot read its memory')
})
