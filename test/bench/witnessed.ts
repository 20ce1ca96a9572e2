import { openHttpWitness } from '#adapters/log/http-witness.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import type { ParsedAct } from '#core/act.ts'
import type { RunningWitness } from '#entry/witness.ts'
import { buildReceipt } from '#service/build-receipt.ts'
import { type Collector, openCollector } from '#service/collect-cosignatures.ts'
import { systemRandom } from '#client/random.ts'
import { type Coalition, foundCoalition, ORIGIN } from '#test/helpers/coalition.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { serveWitness, witnessFolder } from '#test/helpers/witnesses.ts'
import { parseAct } from '#wire/act.ts'
import { addRecords, openDisk } from './log.ts'
import { type Group, interleave, median, perSecond, speedRatio } from './measure.ts'
import { receiptContender, submitSome } from './receipts.ts'

const ROUNDS = 15

/** Receipts under a checkpoint that two witnesses cosigned. */
export const witnessed: Group = {
  name: 'witnessed',
  lines: ['witnessed-receipts'],
  run: async (effort, print) => {
    const leaves = effort.isQuick ? 4096 : 65_536
    const logged = await openSubject(leaves, [])
    const seed = systemRandom(32)
    const logKey = formatVkey(verifierOf({ name: ORIGIN, seed }, KEY_TYPE_ED25519))
    const folders = ['w1.example', 'w2.example'].map((name) => witnessFolder(name, [logKey]))
    const witnesses = await Promise.all(folders.map(async ({ home }) => await serveWitness(home)))
    const subject = await openSubject(leaves, witnesses, seed)
    try {
      const collector = collectorOf(subject.coalition, witnesses)
      const round = await measureRounds(subject.coalition, collector)
      await requireWitnessed(subject)
      const [seen, unseen] = await interleave(
        [
          receiptContender(subject.coalition, subject.acts),
          receiptContender(logged.coalition, logged.acts),
        ],
        effort,
      )
      print({
        name: 'witnessed-receipts',
        ratio: speedRatio(seen, unseen),
        goal: null,
        better: 'higher',
        value: perSecond(seen),
        unit: 'receipts per second',
        reference: `${String(perSecond(unseen))} per second where the charter names no witnesses; a log of ${String(leaves)} leaves in SQLite, one core, warm; two witnesses over HTTP cosign a new checkpoint, durably, in ${round.toFixed(0)} ms`,
        samples: effort.samples,
      })
    } finally {
      await subject.close()
      await logged.close()
      for (const witness of witnesses) await witness.close()
      for (const folder of folders) folder.clear()
    }
  },
}

interface Subject {
  readonly coalition: Coalition
  readonly acts: readonly ParsedAct[]
  readonly close: () => Promise<void>
}

async function openSubject(
  leaves: number,
  witnesses: readonly RunningWitness[],
  logSeed = systemRandom(32),
): Promise<Subject> {
  const disk = await openDisk()
  const { storage } = disk
  const keys = witnesses.map(({ vkey }) => vkey).toSorted()
  const policy = { keys, quorum: keys.length }
  const coalition = await foundCoalition({ ports: { storage }, logSeed, witnesses: policy })
  const acts = await submitSome(coalition)
  await addRecords(storage, leaves)
  await coalition.ports.sequencer.flush()
  return {
    coalition,
    acts,
    close: async () => {
      await coalition.close()
      await disk.close()
    },
  }
}

function collectorOf({ ports }: Coalition, witnesses: readonly RunningWitness[]): Collector {
  return openCollector({
    ...ports,
    pauseSeconds: 0,
    // Nobody is late here, and nothing pauses.
    wait: async () => await Promise.resolve(),
    witnesses: witnesses.map(({ url, vkey }) => openHttpWitness({ url, vkey })),
  })
}

/** Milliseconds from a signed checkpoint until both cosignatures are stored: the median of some. */
async function measureRounds(coalition: Coalition, collector: Collector): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    await addRecords(coalition.ports.storage, 1)
    await coalition.ports.sequencer.flush()
    const started = performance.now()
    collector.wake()
    await collector.settled()
    took.push(performance.now() - started)
  }
  return median(took)
}

async function requireWitnessed({ acts, coalition }: Subject): Promise<void> {
  const { ports } = coalition
  const [act] = acts
  const receipt = act && (await buildReceipt(ports, act, { withChain: true }))
  if (receipt === undefined) throw new Error('there is no receipt')
  const anchor = { origin: ORIGIN, genesis: ports.genesis }
  const { status } = accepted(await verifyReceipt(receipt, anchor, parseAct))
  if (status !== 'witnessed') throw new Error('the receipt is not witnessed')
}
