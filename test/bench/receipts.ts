import { randomInt } from 'node:crypto'
import { hex } from '#core/bytes.ts'
import type { ParsedAct } from '#core/act.ts'
import { buildReceipt } from '#service/build-receipt.ts'
import { openProver } from '#service/sequence-log.ts'
import { answerAct } from '#service/answer-act.ts'
import { systemRandom } from '#client/random.ts'
import { type Coalition, type Company, foundCoalition } from '#test/helpers/coalition.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { parseAct } from '#wire/act.ts'
import { addRecords, openDisk } from './log.ts'
import {
  type Contender,
  type Group,
  interleave,
  perSecond,
  speedRatio,
  wallMeter,
} from './measure.ts'

const ACTS = 64
const BATCH = 256

/** Proving that an act is in the log, out of SQLite. */
export const receipts: Group = {
  name: 'receipts',
  lines: ['receipts', 'inclusion-proofs', 'inclusion-proofs-batch'],
  run: async (effort, print) => {
    const leaves = effort.isQuick ? 4096 : 65_536
    const disk = await openDisk()
    const { storage } = disk
    const coalition = await foundCoalition({ ports: { storage } })
    try {
      const acts = await submitSome(coalition)
      await addRecords(storage, leaves)
      await coalition.ports.sequencer.flush()
      const { size = 0 } = (await storage.logHead()) ?? {}
      const contenders = [
        receiptContender(coalition, acts),
        coldContender(coalition, size),
        batchContender(coalition, size),
      ]
      const [receipt, cold, batch] = await interleave(contenders, effort)
      const common = { goal: null, better: 'higher', samples: effort.samples } as const
      const log = `a log of ${String(size)} leaves in SQLite, one core`
      print({
        ...common,
        name: 'receipts',
        ratio: null,
        value: perSecond(receipt),
        unit: 'receipts per second',
        reference: `${log}; each an act with its signature, two proofs and the newest checkpoint; what was read is shared as within a batch`,
      })
      print({
        ...common,
        name: 'inclusion-proofs',
        ratio: null,
        value: perSecond(cold),
        unit: 'proofs per second',
        reference: `${log}; nothing kept from one proof to the next`,
      })
      print({
        ...common,
        name: 'inclusion-proofs-batch',
        ratio: speedRatio(batch, cold),
        value: perSecond(batch),
        unit: 'proofs per second',
        reference: `${String(perSecond(cold))} per second singly; these in batches of ${String(BATCH)} neighbours that share what is read`,
      })
    } finally {
      await coalition.close()
      await disk.close()
    }
  },
}

/** Has some acts accepted and logged. */
export async function submitSome(coalition: Coalition): Promise<readonly ParsedAct[]> {
  const [company] = coalition.companies
  if (company === undefined) throw new Error('there is no company')
  const acts: ParsedAct[] = []
  for (let i = 0; i < ACTS; i++) acts.push(await submitOne(coalition, company))
  return acts
}

async function submitOne(coalition: Coalition, company: Company): Promise<ParsedAct> {
  const body = { tokens: [hex(systemRandom(32))] }
  const payload = await coalition.compose('mailbox.invite', body, company)
  const signatures = [await coalition.sign(company, payload)]
  const answer = accepted(await answerAct(coalition.ports, accepted(parseAct(payload)), signatures))
  if (answer.status !== 'effective' || answer.receipt === null)
    throw new Error('an act was not accepted')
  return accepted(parseAct(payload))
}

/** Builds the receipts of some acts, one after the other. */
export function receiptContender({ ports }: Coalition, acts: readonly ParsedAct[]): Contender {
  return {
    meter: wallMeter,
    run: async (times) => {
      for (let turn = 0; turn < times; turn++) {
        const act = acts[turn % acts.length]
        const receipt =
          act === undefined ? undefined : await buildReceipt(ports, act, { withChain: false })
        if (receipt === undefined) throw new Error('there is no receipt')
      }
    },
  }
}

function coldContender({ ports }: Coalition, size: number): Contender {
  return {
    meter: wallMeter,
    run: async (times) => {
      for (let turn = 0; turn < times; turn++)
        await openProver(ports.storage, size).inclusionProof(randomInt(size))
    },
  }
}

function batchContender({ ports }: Coalition, size: number): Contender {
  return {
    meter: wallMeter,
    run: async (times) => {
      for (let done = 0; done < times; done += BATCH) {
        const prover = openProver(ports.storage, size)
        const first = randomInt(size - BATCH)
        for (let i = 0; i < Math.min(BATCH, times - done); i++)
          await prover.inclusionProof(first + i)
      }
    },
  }
}
