import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHttpWitness } from '#adapters/log/http-witness.ts'
import { systemRandom } from '#client/random.ts'
import { formatVkey, KEY_TYPE_ED25519, parseNote, verifierOf } from '#core/log/note.ts'
import { sha256Hex } from '#core/hash.ts'
import type { RunningWitness } from '#entry/witness.ts'
import type { Witness } from '#ports/witness.ts'
import { type Collector, openCollector } from '#service/collect-cosignatures.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { idOf } from '#test/helpers/notices.ts'
import { until } from '#test/helpers/witnessed.ts'
import { serveWitness, type WitnessFolder, witnessFolder } from '#test/helpers/witnesses.ts'

const DAY_SECONDS = 86_400
const ROUND_SECONDS_MAX = 120
const seed = systemRandom(32)
const logKey = formatVkey(verifierOf({ name: ORIGIN, seed }, KEY_TYPE_ED25519))

let folders: readonly WitnessFolder[]
let witnesses: readonly RunningWitness[]
let coalition: Coalition
const heard: string[] = []

beforeAll(async () => {
  folders = ['w1.example', 'w2.example'].map((name) => witnessFolder(name, [logKey]))
  witnesses = await Promise.all(
    folders.map(async ({ home }) => await serveWitness(home, { events: heard })),
  )
  const keys = witnesses.map(({ vkey }) => vkey).toSorted()
  coalition = await foundCoalition({ logSeed: seed, witnesses: { keys, quorum: 2 } })
  // Witnesses go by the clock of the system.
  coalition.clock.set(Math.floor(Date.now() / 1000))
})
afterAll(async () => {
  await coalition.close()
  for (const witness of witnesses) await witness.close()
  for (const folder of folders) folder.clear()
})

function collector(): Collector {
  return openCollector({
    ...coalition.ports,
    pauseSeconds: 0,
    wait: async () => await Promise.resolve(),
    witnesses: reached(),
  })
}

function reached(): readonly Witness[] {
  return witnesses.map(({ url, vkey }) => openHttpWitness({ url, vkey }))
}

async function collect(by: Collector): Promise<number> {
  const before = heard.length
  by.wake()
  await by.settled()
  return heard.slice(before).filter((line) => line.includes('checkpoint_cosigned')).length
}

function linesOf(text: string): number {
  const parsed = parseNote(text)
  return parsed.ok ? parsed.value.signatures.length : 0
}

test('a checkpoint is cosigned once, and again when a day has passed', async () => {
  const one = collector()
  expect(await collect(one)).toBe(2)
  expect(await collect(one)).toBe(0)
  const note = (await coalition.ports.storage.latestCheckpoint(2))?.note ?? ''
  coalition.clock.advance(DAY_SECONDS + 60)
  expect(await collect(one)).toBe(2)
  const later = (await coalition.ports.storage.latestCheckpoint(2))?.note ?? ''
  expect([linesOf(note), linesOf(later)]).toEqual([3, 3])
  coalition.clock.advance(-DAY_SECONDS - 60)
})

test('of two processes that collect for one log neither is taken for a fork', async () => {
  const { contoso } = threeOf(coalition)
  const [one, two] = [collector(), collector()]
  await Promise.all([collect(one), collect(two)])
  for (let i = 0; i < 5; i++) {
    const tokens = [sha256Hex(systemRandom(32))]
    idOf(await coalition.submit('mailbox.invite', { tokens }, contoso))
    await Promise.all([collect(one), collect(two)])
  }
  const head = await coalition.ports.storage.logHead()
  expect((await coalition.ports.storage.latestCheckpoint(2))?.size).toBe(head?.size)
  expect([one.isStopped(), two.isStopped()]).toEqual([false, false])
  expect(coalition.events.filter((line) => line.startsWith('ALARM'))).toEqual([])
})

test('a round that was lost with its request is given up after two minutes, with whom it had asked', async () => {
  let lost = 0
  const by = openCollector({
    ...coalition.ports,
    pauseSeconds: 0,
    wait: async () => await Promise.resolve(),
    witnesses: reached().map((witness) => ({
      ...witness,
      addCheckpoint: async (request) =>
        lost++ < 2 ? await new Promise(() => undefined) : await witness.addCheckpoint(request),
    })),
  })
  const tokens = [sha256Hex(systemRandom(32))]
  idOf(await coalition.submit('mailbox.invite', { tokens }, threeOf(coalition).contoso))
  const head = await coalition.ports.storage.logHead()
  const cosigned = async () => (await coalition.ports.storage.latestCheckpoint(2))?.size
  by.wake()
  await until(() => lost === 2)
  coalition.clock.advance(ROUND_SECONDS_MAX)
  by.wake()
  // The first round may still come back: nobody is asked a second time.
  expect(await Promise.race([by.settled(), sleep(300).then(() => 'runs')])).toBe('runs')
  expect(lost).toBe(2)
  expect(await cosigned()).toBeLessThan(head?.size ?? 0)
  coalition.clock.advance(1)
  by.wake()
  await by.settled()
  expect(await cosigned()).toBe(head?.size)
  coalition.clock.advance(-ROUND_SECONDS_MAX - 1)
})
