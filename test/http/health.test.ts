import { writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openFileSigner } from '#adapters/log/file-signer.ts'
import { openRemoteSigner } from '#adapters/log/remote-signer.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { createApp, type HttpPorts } from '#http/app.ts'
import { Unavailable } from '#ports/storage.ts'
import { openDirectory, openLogKeys } from '#service/read-directory.ts'
import { openSequencer } from '#service/sequence-log.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'

const open: Coalition[] = []
afterEach(async () => {
  for (const coalition of open.splice(0)) await coalition.close()
})

async function found(): Promise<Coalition> {
  const coalition = await foundCoalition()
  open.push(coalition)
  return coalition
}

async function ready(ports: HttpPorts): Promise<{ status: number; body: unknown }> {
  const response = await createApp(ports).request('/readyz')
  return { status: response.status, body: await response.json() }
}

function without(part: string): unknown {
  const body = { type: '/problems/unavailable', status: 503, detail: part }
  return { status: 503, body: expect.objectContaining(body) as unknown }
}

test('a server that serves is ready, and says how far the log is', async () => {
  const { ports } = await found()
  expect(await ready(ports)).toEqual({
    status: 200,
    body: { leaves: 2, signed: 2, status: 'ready' },
  })
})

test('a server that was told to end is not ready, and ends its connections', async () => {
  const { ports } = await found()
  const draining = { ...ports, isDraining: () => true }
  expect(await ready(draining)).toEqual(without('draining'))
  expect((await createApp(draining).request('/healthz')).headers.get('Connection')).toBe('close')
})

test('readiness is looked at once in a second, however often it is asked for', async () => {
  const { clock, ports } = await found()
  let looked = 0
  const signer = {
    state: async () => {
      looked += 1
      return await Promise.reject(new Unavailable('no signer'))
    },
  }
  const app = createApp({ ...ports, signer })
  for (let i = 0; i < 5; i++) expect((await app.request('/readyz')).status).toBe(503)
  expect(looked).toBe(1)
  clock.advance(1)
  await app.request('/readyz')
  expect(looked).toBe(2)
})

test('a server without its storage is not ready, and alive', async () => {
  const { ports } = await found()
  await ports.storage.close()
  expect(await ready(ports)).toEqual(without('storage'))
  expect((await createApp(ports).request('/healthz')).status).toBe(200)
})

test('a server whose chain does not replay is not ready', async () => {
  const { ports, folder } = await found()
  const database = new Database(join(folder, 'database'))
  database.exec(
    "update act_payload set payload = 'e30=' where place in (select place from act where type = 'charter.adopt')",
  )
  database.close()
  const directory = openDirectory({ ...ports, origin: ORIGIN })
  expect(await ready({ ...ports, directory })).toEqual(without('directory'))
})

test('a server whose signer does not sign is not ready as long as leaves wait for it', async () => {
  const coalition = await found()
  const { folder, ports } = coalition
  const path = join(folder, 'memory-of-more')
  writeFileSync(path, `1000 ${'ab'.repeat(32)}\n`)
  const seed = systemRandom.bytes(32)
  const signer = openFileSigner({
    path,
    seeds: () => [seed],
    origin: ORIGIN,
    newLog: false,
    onSwitch: () => undefined,
  })
  const mute = {
    ...ports,
    sequencer: openSequencer({ ...ports, logKeyAfter: openLogKeys(ports.directory), signer }),
  }
  expect((await ready(mute)).status).toBe(200)
  const { contoso } = threeOf(coalition)
  const act = await coalition.compose('mailbox.invite', { tokens: ['ab'.repeat(32)] }, contoso)
  const form = new FormData()
  form.append('act', new Blob([Uint8Array.from(act)]))
  form.append('signature', await coalition.sign(contoso, act))
  const posted = await createApp(mute).request('/api/acts', { method: 'POST', body: form })
  expect(posted.status).toBe(201)
  expect(await ready(mute)).toEqual(without('signer'))
  // The signer that remembers the right log signs what waited.
  expect((await ready(ports)).status).toBe(200)
})

test('a server whose signer does not answer is not ready', async () => {
  const { ports } = await found()
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const address = closed.address()
  await new Promise((resolve) => closed.close(resolve))
  const port = typeof address === 'object' ? String(address?.port) : ''
  const signer = openRemoteSigner({ address: `http://127.0.0.1:${port}`, secret: 'ab'.repeat(32) })
  expect(await ready({ ...ports, signer })).toEqual(without('signer'))
})
