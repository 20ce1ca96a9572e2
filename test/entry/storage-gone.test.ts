import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EXIT } from '#cli/exit.ts'
import { serverPaths } from '#entry/home.ts'
import { type Answered, threeOf } from '#test/helpers/coalition.ts'
import { runProcess } from '#test/helpers/command-line.ts'
import { holdTo } from '#test/helpers/crash-round.ts'
import { type ServerProcess, startServerProcess } from '#test/helpers/server-process.ts'

// A server as it is shipped, and somebody at work on its folder.

let server: ServerProcess
let home: string
let posts = 0

beforeEach(async () => {
  server = await startServerProcess({ serve: {} })
  home = join(server.folder, 'home')
})
afterEach(async () => {
  if (server.isUp()) server.signal('SIGKILL')
  await server.ended()
  await server.clear()
})

/** An act that can be sent again and again. */
async function prepared(): Promise<() => Promise<Answered>> {
  const { coalition } = server
  const { contoso } = threeOf(coalition)
  posts += 1
  const tokens = [String(posts).padStart(64, '0')]
  const payload = await coalition.compose('mailbox.invite', { tokens }, contoso)
  const signature = await coalition.sign(contoso, payload)
  return async () => await coalition.post(payload, signature)
}

async function acknowledged(): Promise<string> {
  const answered = await (await prepared())()
  expect(answered.status).toBe(201)
  return String(answered.body['id'])
}

function expectOutage(answered: Answered): void {
  expect([answered.status, answered.reason]).toEqual([503, 'unavailable'])
  expect(answered.headers.has('retry-after')).toBe(true)
}

async function expectUnready(): Promise<void> {
  for (;;) {
    const { body, status } = await server.coalition.ask('/readyz')
    if (status !== 503) continue
    expect(body['detail']).toBe('storage')
    return
  }
}

test('another writer in the database makes writes an outage and holds up nobody for ever', async () => {
  const before = await acknowledged()
  const send = await prepared()
  const other = new Database(serverPaths(home).database)
  try {
    other.prepare('begin immediate').run()
    const [one, another, read] = await Promise.all([
      send(),
      (await prepared())(),
      server.coalition.ask('/api/directory'),
    ])
    for (const answered of [one, another]) expectOutage(answered)
    expect(read.status).toBe(200)
    other.prepare('rollback').run()
  } finally {
    other.close()
  }
  const after = await send()
  expect(after.status).toBe(201)
  await holdTo(server.coalition, [before, String(after.body['id'])])
})

test('a folder that was moved away is an outage until it is back, and no other database takes its place', async () => {
  const before = await acknowledged()
  const send = await prepared()
  const away = `${home}-away`
  renameSync(home, away)
  expectOutage(await send())
  await expectUnready()
  expect((await server.coalition.ask('/api/directory')).status).toBe(200)
  expect(existsSync(home)).toBe(false)
  // A copy is another database: what would be written to the one that is open would not be in it.
  cpSync(away, home, { recursive: true })
  expectOutage(await send())
  rmSync(home, { recursive: true })
  renameSync(away, home)
  const after = await send()
  expect(after.status).toBe(201)
  await holdTo(server.coalition, [before, String(after.body['id'])])
})

test('a folder that was removed is an outage that is not papered over, and the server still ends by itself', async () => {
  const send = await prepared()
  rmSync(home, { recursive: true })
  expectOutage(await send())
  await expectUnready()
  expectOutage(await send())
  expect(existsSync(home)).toBe(false)
  server.signal('SIGTERM')
  expect(await server.ended()).toBe(0)
  expect(existsSync(home)).toBe(false)
})

test('a folder that lost its settings, but whose log key has signed, gets no new keys and no new log', async () => {
  await acknowledged()
  server.signal('SIGTERM')
  expect(await server.ended()).toBe(0)
  const paths = serverPaths(home)
  const seed = readFileSync(paths.logSeed, 'utf8')
  const memory = readFileSync(paths.logMemory, 'utf8')
  rmSync(paths.serverFile)
  for (const line of [
    ['serve', '--data', home, '--port', '0'],
    ['init', '--data', home, '--origin', 'coalition.example'],
  ]) {
    const ran = await runProcess(line)
    expect(ran.code, ran.err).toBe(EXIT.input)
    expect(ran.err).toContain('lacks its server.json')
  }
  expect(readFileSync(paths.logSeed, 'utf8')).toBe(seed)
  expect(readFileSync(paths.logMemory, 'utf8')).toBe(memory)
})
