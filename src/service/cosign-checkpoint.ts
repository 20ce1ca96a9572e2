import { type Checkpoint, parseCheckpoint } from '#core/log/checkpoint.ts'
import { signCosignature } from '#core/log/cosignature.ts'
import {
  formatNote,
  formatSignatureLine,
  type NoteSigner,
  parseNote,
  verifyNote,
  type SignatureCheck,
  type SignedNote,
  type VerifierKey,
} from '#core/log/note.ts'
import {
  type CosignedTree,
  judgeCheckpoint,
  parseAddCheckpoint,
  type WitnessJudgement,
} from '#core/log/witness.ts'
import type { Clock } from '#ports/clock.ts'
import type { Events } from '#ports/events.ts'
import type { WitnessMemory } from '#ports/witness-memory.ts'

/** What a witness needs. */
export interface CosignPorts {
  readonly clock: Clock
  readonly events: Events
  /** The keys of each log that this witness watches, by origin, in the order in which they follow each other. */
  readonly logs: ReadonlyMap<string, readonly VerifierKey[]>
  readonly memory: WitnessMemory
  readonly signer: NoteSigner
  /** Computes in the place of core's own arithmetic. */
  readonly check?: SignatureCheck
}

/** What a witness answers: its line, or why there is none. */
export type CosignAnswer =
  | { readonly kind: 'cosigned'; readonly line: string }
  | { readonly kind: 'unknown-log' }
  | Exclude<WitnessJudgement, { readonly kind: 'consistent' }>

/** A witness of the C2SP protocol, whatever carries the requests. */
export interface CosigningWitness {
  /**
   * Answers one `add-checkpoint`. Requests for one log are answered one after the other.
   *
   * @throws Unavailable where the memory cannot be read or written; no cosignature has left then.
   */
  addCheckpoint(body: string): Promise<CosignAnswer>
  /** The checkpoint of a log that was cosigned last, with its cosignature; `undefined` where there is none. */
  latest(origin: string): Promise<string | undefined>
}

/** Opens the one witness of a process: two would not know what the other is about to cosign. */
export function openWitness(ports: CosignPorts): CosigningWitness {
  const queues = new Map<string, Promise<unknown>>()
  const inTurn = async (
    origin: string,
    work: () => Promise<CosignAnswer>,
  ): Promise<CosignAnswer> => {
    const before = queues.get(origin) ?? Promise.resolve()
    const answer = before.then(work)
    queues.set(
      origin,
      answer.catch(() => undefined),
    )
    return await answer
  }
  return {
    addCheckpoint: async (body) => {
      const request = parseAddCheckpoint(body)
      if (!request.ok) return { kind: 'malformed' }
      const { origin } = request.value.checkpoint
      const keys = ports.logs.get(origin)
      if (keys === undefined) return { kind: 'unknown-log' }
      return await inTurn(origin, async () => {
        const remembered = await ports.memory.recall(origin)
        const last = treeOf(remembered)
        const judgement = judgeCheckpoint(request.value, {
          keys: keysInForce(keys, remembered),
          check: ports.check,
          last,
        })
        if (judgement.kind === 'consistent') {
          const { text } = request.value.note
          const { checkpoint, signatures } = judgement
          return await cosign(ports, { text, signatures }, checkpoint)
        }
        ports.events.checkpointRefused({ origin, reason: judgement.kind })
        return judgement
      })
    },
    latest: async (origin) =>
      ports.logs.has(origin) ? await ports.memory.recall(origin) : undefined,
  }
}

/** The cosignature is in the durable memory before anybody sees it. Of the log's signatures those are kept that were verified. */
async function cosign(
  { clock, events, memory, signer }: CosignPorts,
  note: SignedNote,
  { origin, size }: Checkpoint,
): Promise<CosignAnswer> {
  const { signatures, text } = note
  const own = signCosignature({ text, timeSeconds: clock.now() }, signer)
  await memory.remember(origin, formatNote({ text, signatures: [...signatures, own] }))
  events.checkpointCosigned({ origin, treeSize: size })
  return { kind: 'cosigned', line: `${formatSignatureLine(own)}\n` }
}

/** Once a key has signed what is remembered, those before it have been replaced, and whoever still has one is a thief. */
function keysInForce(
  keys: readonly VerifierKey[],
  remembered: string | undefined,
): readonly VerifierKey[] {
  const note = remembered === undefined ? undefined : parseNote(remembered)
  if (keys.length < 2 || note?.ok !== true) return keys
  const inUse = keys.findLastIndex((key) => verifyNote(note.value, [key]).ok)
  return keys.slice(Math.max(inUse, 0))
}

/** @throws Error where the memory gives what it was never given. */
function treeOf(remembered: string | undefined): CosignedTree | undefined {
  if (remembered === undefined) return undefined
  const note = parseNote(remembered)
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note
  if (!checkpoint.ok) throw new Error('the witness remembers no checkpoint')
  return checkpoint.value
}
