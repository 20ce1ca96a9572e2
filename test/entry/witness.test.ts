import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hex, utf8 } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { consecutive } from '#test/core/log/worked-example.ts'
import { program, runProcess, textOf as textIn } from '#test/helpers/command-line.ts'
import { toyLog } from '#test/helpers/toy-log.ts'
import { serveWitness, witnessFolder } from '#test/helpers/witnesses.ts'

const log = toyLog({ name: 'log.example', seed: consecutive(0x00) })
const fork = toyLog(log.signer, 5)
const folder = witnessFolder('witness.example/w1', [log.vkey])
const LATEST = `${hex(sha256(utf8('log.example')))}/checkpoint`

beforeAll(() => {
  program()
})
afterAll(() => {
  folder.clear()
})

/** Starts a program and waits for the address that it prints. */
async function started(args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const url = await new Promise<string>((found, fail) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [address] = /http:\/\/[^"\s]+/.exec(text) ?? []
      if (address !== undefined) found(address)
    })
    child.once('exit', () => fail(new Error(`it ended: ${text}`)))
  })
  return { child, url }
}

async function post(url: string, body: string): Promise<Response | undefined> {
  return await fetch(`${url}/add-checkpoint`, { method: 'POST', body }).catch(() => undefined)
}

async function sizeAt(url: string): Promise<number> {
  const response = await fetch(`${url}/${LATEST}`)
  return response.ok ? Number((await response.text()).split('\n')[1]) : 0
}

async function dyingAt(moment: 'before' | 'after', body: string): Promise<void> {
  const tsx = pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href
  const { child, url } = await started([
    '--import',
    tsx,
    resolve('test/helpers/dying-witness.ts'),
    folder.home,
    moment,
  ])
  const ended = once(child, 'exit')
  expect(await post(url, body)).toBeUndefined()
  expect((await ended)[1]).toBe('SIGKILL')
}

test('killed before its memory is written, a witness has cosigned nothing', async () => {
  await dyingAt('before', await fork.request(0, 7))
  const witness = await serveWitness(folder.home)
  expect(await sizeAt(witness.url)).toBe(0)
  await witness.close()
})

test('killed between memory and answer, it holds the log to what it would have cosigned', async () => {
  await dyingAt('after', await log.request(0, 7))
  const witness = await serveWitness(folder.home)
  expect(await sizeAt(witness.url)).toBe(7)
  expect((await post(witness.url, await fork.request(0, 7)))?.status).toBe(409)
  expect((await post(witness.url, await fork.request(7, 9)))?.status).toBe(422)
  expect((await post(witness.url, await log.request(7, 7)))?.status).toBe(200)
  await witness.close()
})

test('killed at random moments under load, it never goes back behind a cosignature that left', async () => {
  let acknowledged = 7
  for (let round = 0; round < 4; round++) {
    const args = ['witness', '--data', folder.home, '--port', '0', '--quiet', '--json']
    const { child, url } = await started([program(), ...args])
    const ended = once(child, 'exit')
    const remembered = await sizeAt(url)
    expect(remembered).toBeGreaterThanOrEqual(acknowledged)
    acknowledged = remembered
    const killing = sleep(30 + Math.random() * 120).then(() => child.kill('SIGKILL'))
    for (let size = acknowledged + 1; size <= 300; size++) {
      const response = await post(url, await log.request(acknowledged, size))
      if (response?.status !== 200) break
      acknowledged = size
    }
    await killing
    await ended
  }
  const witness = await serveWitness(folder.home)
  expect(await sizeAt(witness.url)).toBeGreaterThanOrEqual(acknowledged)
  expect((await post(witness.url, await fork.request(acknowledged, 300)))?.status).not.toBe(200)
  await witness.close()
})

test('is made, told its logs and run by the command line, one process per folder', async () => {
  const data = join(folder.home, '..', 'by-hand')
  const run = async (line: string) =>
    await runProcess([...line.split(' '), '--data', data, '--json'])
  expect((await run('witness show')).code).toBe(3)
  const made = await run('witness init --name w2.example')
  expect(textIn(made, 'vkey')).toMatch(/^w2\.example\+/)
  expect((await run('witness init --name w2.example')).code).toBe(3)
  expect((await run(`witness follow ${log.vkey}`)).code).toBe(3)
  expect((await run(`witness follow --new ${log.vkey}`)).code).toBe(0)
  expect((await run('witness show')).out).toContain('log.example')
  const args = ['witness', '--data', data, '--port', '0', '--quiet', '--json']
  const { child, url } = await started([program(), ...args])
  expect((await post(url, await log.request(0, 3)))?.status).toBe(200)
  const second = await run('witness --port 0')
  expect({ code: second.code, err: second.err }).toMatchObject({ code: 7 })
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
  await (await serveWitness(data)).close()
})
