import { expect, test } from 'vitest'
import { EMPTY_MEMORY, formatMemory, parseMemory } from '#adapters/log/signer-desk.ts'
import { answerInTurn, WAITING_MAX } from '#adapters/log/signer-queue.ts'
import { hex } from '#core/bytes.ts'
import { leafHash } from '#core/log/merkle.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import { Unavailable } from '#ports/storage.ts'

const origin = 'coalition.example'
const [OLD, NEXT] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
const vkeyOf = (seed: Uint8Array) =>
  formatVkey(verifierOf({ name: origin, seed }, KEY_TYPE_ED25519))
const root = leafHash(Uint8Array.of(1))
const wish = { oldSize: 0, proof: [], root: hex(root), size: 1, vkey: vkeyOf(OLD) }
const request = { path: '/sign', body: JSON.stringify(wish) }

/** A desk whose memory answers when it is let. */
function slowDesk() {
  const seen = { memory: EMPTY_MEMORY, writes: 0, fails: false, switches: 0 }
  let open: (() => void) | undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const answer = answerInTurn({
    origin,
    seeds: () => [OLD, NEXT],
    onSwitch: () => {
      seen.switches += 1
    },
    memory: {
      read: async () => {
        await gate
        return seen.memory
      },
      write: async (next) => {
        if (seen.fails) throw new Unavailable('the disk is full')
        seen.writes += 1
        seen.memory = next
        await Promise.resolve()
      },
    },
  })
  return { answer, open: () => open?.(), seen }
}

test('requests beyond the limit are turned away at once, and those within it are answered', async () => {
  const { answer, open, seen } = slowDesk()
  const waiting = Array.from({ length: WAITING_MAX }, async () => await answer(request))
  expect((await answer(request)).status).toBe(503)
  open()
  const statuses = (await Promise.all(waiting)).map(({ status }) => status)
  // The first is signed; the others bring no proof from there.
  expect(statuses).toEqual([200, ...Array.from({ length: WAITING_MAX - 1 }, () => 409)])
  expect(seen.writes).toBe(1)
  expect((await answer(request)).status).toBe(409)
})

test('nothing is signed that cannot be remembered, and the next request is answered again', async () => {
  const { answer, open, seen } = slowDesk()
  open()
  seen.fails = true
  expect(await answer(request)).toMatchObject({ status: 503, body: 'unavailable\n' })
  seen.fails = false
  expect((await answer(request)).status).toBe(200)
})

test('once the prepared key has signed, the one before it never does again', async () => {
  const { answer, open, seen } = slowDesk()
  open()
  const same = { ...wish, oldSize: 1 }
  const signed = async (seed: Uint8Array, from: typeof wish) =>
    (await answer({ path: '/sign', body: JSON.stringify({ ...from, vkey: vkeyOf(seed) }) })).body
  expect(await signed(OLD, wish)).toContain(`— ${origin} `)
  expect([await signed(NEXT, same), seen.switches]).toEqual([expect.stringContaining('— '), 1])
  expect(await signed(OLD, same)).toBe('key-missing\n')
  expect(await signed(NEXT, same)).toContain('— ')
  expect(seen.switches).toBe(1)
})

test('a memory is read as it was written, and nothing else is one', () => {
  for (const memory of [EMPTY_MEMORY, { size: 7, root, keyId: '0a1b2c3d' }])
    expect(parseMemory(formatMemory(memory))).toEqual(memory)
  const line = formatMemory({ size: 7, root, keyId: '0a1b2c3d' })
  for (const other of [
    '',
    line.trim(),
    `${line}\n`,
    ` ${line}`,
    line.replace('7', '07'),
    line.replace('0a1b', '0A1B'),
    line.slice(2),
  ])
    expect(parseMemory(other), other).toBeUndefined()
})
