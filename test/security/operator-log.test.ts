import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFileSigner } from '#adapters/log/file-signer.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { Api } from '#client/http.ts'
import { fetchCheckpoint } from '#client/log.ts'
import type { PinStore } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import { tileProver } from '#core/log/tile-prover.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { pinsOf } from '#test/helpers/filing.ts'
import { type Lie, lyingServer, reach } from '#test/helpers/liar.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { type ForgedLog, forgeLog, forgeRecord, today } from '#test/helpers/operator.ts'

// The operator holds the key of the log here, and signs what it likes.

const LOG_SEED = new Uint8Array(32).fill(5)
const VKEY = formatVkey(verifierOf({ name: ORIGIN, seed: LOG_SEED }, KEY_TYPE_ED25519))

let coalition: Coalition

beforeAll(async () => {
  coalition = await foundCoalition({ logSeed: LOG_SEED })
  for (let i = 0; i < 3; i++) await grow()
})
afterAll(async () => {
  await coalition.close()
})

async function grow(): Promise<void> {
  const { contoso } = threeOf(coalition)
  const tokens = [sha256Hex(systemRandom(32))]
  idOf(await coalition.submit('mailbox.invite', { tokens }, contoso))
}

/** A log of so many entries that say something else than those of the real one. */
function fork(size: number, seed = LOG_SEED): ForgedLog {
  return forgeLog(
    seed,
    Array.from({ length: size }, () =>
      forgeRecord({
        act: sha256Hex(systemRandom(32)),
        day: today(coalition),
        event: 'adopted',
        signatures: [],
      }),
    ),
  )
}

/** A client that is shown a log of the operator's making. */
function shown(log: ForgedLog): Api {
  const checkpoint: Lie = { about: /^\/log\/checkpoint/, tell: () => new Response(log.note) }
  const tiles: Lie = {
    about: /^\/log\/tile\/0\//,
    tell: (_, { url }) => {
      const width = Number(/\.p\/(\d+)$/.exec(url)?.[1] ?? '256')
      return new Response(Uint8Array.from(log.tile.subarray(0, width * 32)))
    },
  }
  return reach(lyingServer(coalition, checkpoint, tiles))
}

async function looks(api: Api, pins: PinStore): Promise<string> {
  const { directory } = accepted(await fetchDirectory(api, pins))
  return reasonOf(await fetchCheckpoint(api, pins, directory))
}

/** A client that saw the real log, and how long it was. */
async function witness(): Promise<{ readonly pins: PinStore; readonly size: number }> {
  const pins = await pinsOf(coalition)
  const api = reach(lyingServer(coalition))
  const { directory } = accepted(await fetchDirectory(api, pins))
  return { pins, size: accepted(await fetchCheckpoint(api, pins, directory)).size }
}

describe('an operator who forks the log', () => {
  test('shows two clients two logs that hold alone, and is found out where they meet', async () => {
    const { pins: anna, size } = await witness()
    const forked = shown(fork(size + 2))
    const boris = await pinsOf(coalition)
    expect(await looks(forked, boris)).toBe('accepted')
    expect(await looks(forked, anna)).toBe('checkpoint-inconsistent')
    const honest = reach(lyingServer(coalition))
    expect(await looks(honest, boris)).toBe('checkpoint-older')
    while ((await witness()).size < size + 3) await grow()
    expect(await looks(honest, boris)).toBe('checkpoint-inconsistent')
  })

  test('is refused with another log of the same size', async () => {
    const { pins, size } = await witness()
    expect(await looks(shown(fork(size)), pins)).toBe('checkpoint-inconsistent')
  })

  test('is refused with a smaller log, even one that is a beginning of the real one', async () => {
    const { pins, size } = await witness()
    expect(await looks(shown(fork(size - 1)), pins)).toBe('checkpoint-older')
  })

  test('is refused again and again: what was seen first stays', async () => {
    const { pins, size } = await witness()
    const forked = shown(fork(size + 1))
    for (let i = 0; i < 3; i++) expect(await looks(forked, pins)).toBe('checkpoint-inconsistent')
    expect(await looks(reach(lyingServer(coalition)), pins)).toBe('accepted')
  })

  test('is refused where it keeps the tiles back that would tell', async () => {
    const { pins, size } = await witness()
    const checkpoint = fork(size + 1).note
    const silent = reach(
      lyingServer(
        coalition,
        { about: /^\/log\/checkpoint/, tell: () => new Response(checkpoint) },
        {
          about: /^\/log\/tile/,
          tell: async () => await coalition.app.request('/log/tile/0/000'),
        },
      ),
    )
    expect(await looks(silent, pins)).toBe('checkpoint-inconsistent')
  })

  test('is refused with a checkpoint that another key signed, under the same name', async () => {
    const other = shown(fork(9, new Uint8Array(32).fill(6)))
    expect(await looks(other, await pinsOf(coalition))).toBe('note-unsigned')
  })

  test('is refused with a checkpoint whose size or root was changed after it was signed', async () => {
    const { note } = fork(9)
    const changed = note.replace('\n9\n', '\n8\n')
    expect(changed).not.toBe(note)
    const lie: Lie = { about: /^\/log\/checkpoint/, tell: () => new Response(changed) }
    expect(await looks(reach(lyingServer(coalition, lie)), await pinsOf(coalition))).toBe(
      'note-signature-wrong',
    )
  })
})

describe('an operator who restores an old database and goes on from there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-signer-'))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'memory')
  const open = (newLog: boolean) =>
    openFileSigner({ path, seeds: () => [LOG_SEED], origin: ORIGIN, newLog })
  const sign = async (signer: ReturnType<typeof open>, log: ForgedLog) =>
    reasonOf(
      await signer.sign({ ...log, vkey: VKEY }, async (oldSize) => {
        const prover = tileProver(
          log.size,
          async ({ width }) =>
            await Promise.resolve(Uint8Array.from(log.tile.subarray(0, width * 32))),
        )
        return oldSize > log.size ? [] : await prover.consistencyProof(oldSize)
      }),
    )

  test('gets no signature for the fork: the signer remembers, also after a restart', async () => {
    expect(await sign(open(true), fork(8))).toBe('accepted')
    for (const log of [fork(5), fork(8), fork(11)])
      expect(await sign(open(false), log)).toBe(
        log.size < 8 ? 'checkpoint-older' : 'checkpoint-inconsistent',
      )
  })

  test('gets no signer at all without the memory of one', () => {
    rmSync(path)
    expect(() => open(false)).toThrow('no memory')
  })
})
