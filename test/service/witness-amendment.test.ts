import { afterEach, beforeEach, expect, test } from 'vitest'
import { openHttpWitness } from '#adapters/log/http-witness.ts'
import { systemRandom } from '#client/random.ts'
import type { WitnessPolicy } from '#core/act-bodies.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_ED25519,
  type NoteSignature,
  parseNote,
  verifierOf,
} from '#core/log/note.ts'
import { withSignatures } from '#core/log/witness.ts'
import { sha256Hex } from '#core/hash.ts'
import type { Receipt } from '#core/receipt.ts'
import type { Replay } from '#core/replay.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import type { RunningWitness } from '#entry/witness.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { openCollector } from '#service/collect-cosignatures.ts'
import { openDirectory } from '#service/read-directory.ts'
import { publishedCheckpoint } from '#service/released-size.ts'
import { openProver } from '#service/sequence-log.ts'
import {
  type Coalition,
  type Customer,
  foundCoalition,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { fileNotice, idOf } from '#test/helpers/notices.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { serveWitness, type WitnessFolder, witnessFolder } from '#test/helpers/witnesses.ts'

// The charter names other witnesses. Four of them run, and cosign when a test says so.

let coalition: Coalition
let anna: Customer
let folders: readonly WitnessFolder[]
let witnesses: readonly RunningWitness[]
let logSeed: Uint8Array

beforeEach(async () => {
  logSeed = systemRandom(32)
  const logKey = formatVkey(verifierOf({ name: ORIGIN, seed: logSeed }, KEY_TYPE_ED25519))
  folders = ['w1', 'w2', 'w3', 'w4'].map((name) => witnessFolder(`${name}.example`, [logKey]))
  witnesses = await Promise.all(folders.map(async ({ home }) => await serveWitness(home)))
})
afterEach(async () => {
  await coalition.close()
  for (const witness of witnesses) await witness.close()
  for (const folder of folders) folder.clear()
})

/** The witnesses from one number to another, and how many of them are needed. */
function policy(from: number, to: number, quorum = to - from + 1): WitnessPolicy {
  return {
    keys: witnesses
      .slice(from - 1, to)
      .map(({ vkey }) => vkey)
      .toSorted(),
    quorum,
  }
}

const NONE: WitnessPolicy = { keys: [], quorum: 0 }

async function found(first: WitnessPolicy): Promise<void> {
  coalition = await foundCoalition({ logSeed, witnesses: first })
  // Witnesses go by the clock of the system.
  coalition.clock.set(Math.floor(Date.now() / 1000))
  anna = await coalition.enrol('anna')
}

/** Adopts the charter with other witnesses; the tree with the amendment is signed, and nobody has cosigned it. */
async function amend(next: WitnessPolicy): Promise<void> {
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const { charter } = await coalition.ports.directory.current()
  if (charter === undefined) throw new Error('there is no charter')
  const terms = { ...charter, witnesses: next }
  idOf(await coalition.submit('charter.amend', terms, contoso, fabrikam, litware))
}

/** Has all four asked that the newest tree needs. */
async function collect(): Promise<void> {
  const collector = openCollector({
    ...coalition.ports,
    pauseSeconds: 0,
    wait: async () => await Promise.resolve(),
    witnesses: witnesses.map(({ url, vkey }) => openHttpWitness({ url, vkey })),
  })
  collector.wake()
  await collector.settled()
}

/** Has two witnesses cosign the newest tree, whoever the charter names, and stores that. */
async function cosignAnyway(from: number, to: number, oldSize: number): Promise<void> {
  const { storage } = coalition.ports
  const newest = await storage.latestCheckpoint()
  const note = accepted(parseNote(newest?.note ?? ''))
  const size = newest?.size ?? 0
  const path = await openProver(storage, size).consistencyProof(oldSize)
  const lines: NoteSignature[] = []
  for (const { url, vkey } of witnesses.slice(from - 1, to)) {
    const answer = await openHttpWitness({ url, vkey }).addCheckpoint({ oldSize, path, note })
    if (answer.kind !== 'cosigned') throw new Error(`the witness answered ${answer.kind}`)
    lines.push(...answer.lines)
  }
  await storage.saveCheckpoint(size, formatNote(withSignatures(note, lines)), lines.length)
}

async function file(): Promise<string> {
  return (await fileNotice(coalition, threeOf(coalition).contoso, { customers: [anna] })).notice
}

/** What the world sees: the size of the published tree, and how many notices the customer may open. */
async function shown(): Promise<{ readonly size: number; readonly notices: number }> {
  const { status, text } = await coalition.ask('/log/checkpoint')
  if (status !== 200) throw new Error(`the checkpoint is answered with ${String(status)}`)
  const token = await coalition.session(anna)
  const { body } = await coalition.ask(`/api/mailboxes/${anna.id}/lines`, { token })
  const payload = Buffer.from(String(body['payload']), 'base64').toString()
  const size = Number(accepted(parseNote(text)).text.split('\n')[1])
  return { size, notices: payload.split('"notice":').length - 1 }
}

async function head(): Promise<number> {
  return (await coalition.ports.storage.logHead())?.size ?? 0
}

async function receiptOf(id: string): Promise<Receipt> {
  const token = await coalition.session(threeOf(coalition).contoso)
  const { text } = await coalition.ask(`/api/acts/${id}/receipt`, { token })
  return accepted(parseReceipt(text))
}

/** What a receipt proves offline, to a stranger or to one who knows a chain. */
async function verdict(receipt: Receipt, replay?: Replay): Promise<string> {
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  const pinned = replay === undefined ? anchor : { ...anchor, replay }
  const verified = accepted(await verifyReceipt(receipt, pinned, parseAct))
  return `${verified.status} ${String(verified.witnessed)} of ${String(verified.witnessQuorum)}`
}

async function chainOf(receipt: Receipt): Promise<Replay> {
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  return accepted(await verifyReceipt(receipt, anchor, parseAct)).replay
}

test('other witnesses take over: what was released stays so, and what was not waits for them', async () => {
  await found(policy(1, 2))
  const first = await file()
  await collect()
  const before = await shown()
  expect(before).toEqual({ size: await head(), notices: 1 })
  const kept = await receiptOf(first)
  expect(await verdict(kept)).toBe('witnessed 2 of 2')

  await amend(policy(3, 4))
  const second = await file()
  expect(await shown()).toEqual(before)
  expect(await verdict(await receiptOf(first))).toBe('witnessed 2 of 2')
  expect(await verdict(await receiptOf(second))).toBe('logged 0 of 2')

  await cosignAnyway(1, 2, before.size)
  expect(await shown()).toEqual(before)
  expect(await verdict(await receiptOf(second))).toBe('logged 0 of 2')

  await collect()
  expect(await shown()).toEqual({ size: await head(), notices: 2 })
  const late = await receiptOf(second)
  expect(await verdict(late)).toBe('witnessed 2 of 2')
  expect(await verdict(await receiptOf(first))).toBe('witnessed 2 of 2')
  expect(await verdict(kept)).toBe('witnessed 2 of 2')
  expect(await verdict(kept, await chainOf(late))).toBe('witnessed 2 of 2')
})

test('more witnesses are needed: what was released stays so, and what was not waits for as many', async () => {
  await found(policy(1, 3, 2))
  const first = await file()
  await cosignAnyway(1, 2, 0)
  const before = await shown()
  expect(before).toEqual({ size: await head(), notices: 1 })
  const kept = await receiptOf(first)
  expect(await verdict(kept)).toBe('witnessed 2 of 2')

  await amend(policy(1, 3, 3))
  const second = await file()
  await cosignAnyway(1, 2, before.size)
  expect(await shown()).toEqual(before)
  expect(await verdict(await receiptOf(first))).toBe('witnessed 2 of 2')
  expect(await verdict(await receiptOf(second))).toBe('logged 2 of 3')

  await collect()
  expect(await shown()).toEqual({ size: await head(), notices: 2 })
  expect(await verdict(await receiptOf(second))).toBe('witnessed 3 of 3')
  expect(await verdict(kept, await chainOf(await receiptOf(second)))).toBe('witnessed 2 of 2')
})

test('a log without witnesses gets some: what was shown stays so, and what comes waits for them', async () => {
  await found(NONE)
  const first = await file()
  const before = await shown()
  expect(before).toEqual({ size: await head(), notices: 1 })
  const kept = await receiptOf(first)

  await amend(policy(1, 2))
  const second = await file()
  expect(await shown()).toEqual(before)
  expect(await verdict(await receiptOf(first))).toBe('logged 0 of 0')
  expect(await verdict(await receiptOf(second))).toBe('logged 0 of 2')

  await collect()
  expect(await shown()).toEqual({ size: await head(), notices: 2 })
  expect(await verdict(await receiptOf(first))).toBe('witnessed 2 of 2')
  expect(await verdict(await receiptOf(second))).toBe('witnessed 2 of 2')
  expect(await verdict(kept, await chainOf(await receiptOf(second)))).toBe('logged 0 of 0')
})

test('a log gives its witnesses up: the tree that says so is released, and none before it', async () => {
  await found(policy(1, 2))
  await collect()
  const before = await shown()
  const waiting = await file()
  const unseen = await head()
  expect(await shown()).toEqual(before)
  expect(await verdict(await receiptOf(waiting))).toBe('logged 0 of 2')
  const kept = await receiptOf(waiting)

  await amend(NONE)
  const { directory, storage } = coalition.ports
  const smaller = { ...storage, latestCheckpoint: latestOf(storage, unseen) }
  expect((await publishedCheckpoint({ directory, storage: smaller }))?.size).toBe(before.size)
  expect(await shown()).toEqual({ size: await head(), notices: 1 })
  expect(await verdict(await receiptOf(waiting))).toBe('logged 0 of 0')
  expect(await verdict(kept)).toBe('logged 0 of 2')
})

/** Lets through whoever waits for it once somebody opens it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  const opened = new AbortController()
  const passed = new Promise<void>((resolve) => {
    opened.signal.addEventListener('abort', () => resolve())
  })
  return { passed, open: () => opened.abort() }
}

/** The checkpoints of a log as they stood when it was smaller. */
function latestOf(
  storage: Coalition['ports']['storage'],
  size: number,
): Coalition['ports']['storage']['latestCheckpoint'] {
  return async (cosigned = 0, sizeMax = size) =>
    await storage.latestCheckpoint(cosigned, Math.min(size, sizeMax))
}

test('a directory that is asked for holds what was committed before, also while an earlier reading runs', async () => {
  await found(NONE)
  const { ports } = coalition
  const begun = gate()
  const released = gate()
  let reads = 0
  const slow = openDirectory({
    ...ports,
    storage: {
      ...ports.storage,
      governance: async (from, limit) => {
        const answer = await ports.storage.governance(from, limit)
        if (reads++ > 0) return answer
        begun.open()
        await released.passed
        return answer
      },
    },
  })
  const early = slow.current()
  await begun.passed
  await amend(policy(1, 2))
  const late = slow.current()
  released.open()
  expect((await early).chain).toHaveLength(1)
  expect((await late).charter?.witnesses.quorum).toBe(2)
})

test('an amendment that waits for the log changes nothing about the trees that are there', async () => {
  await found(policy(1, 2))
  await file()
  await collect()
  const { directory, storage } = coalition.ports
  const tokens = [sha256Hex(systemRandom(32))]
  idOf(await coalition.submit('mailbox.invite', { tokens }, threeOf(coalition).contoso))
  const size = await head()
  const before = await publishedCheckpoint({ directory, storage })
  expect(before?.size).toBeLessThan(size)
  await amend(NONE)
  const waiting = {
    ...storage,
    governance: async (from: number, limit: number) =>
      (await storage.governance(from, limit)).map((record) => ({
        ...record,
        leafIndex:
          record.leafIndex !== undefined && record.leafIndex < size ? record.leafIndex : undefined,
      })),
    latestCheckpoint: latestOf(storage, size),
  }
  const fresh = openDirectory({ ...coalition.ports })
  expect(await publishedCheckpoint({ directory: fresh, storage: waiting })).toEqual(before)
})
