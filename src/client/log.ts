import type { Directory } from '#core/directory.ts'
import { verifyCheckpoint } from '#core/log/checkpoint.ts'
import { type VerifiedCosignature, verifyCosignatures } from '#core/log/cosignature.ts'
import { parseVkey, type VerifierKey } from '#core/log/note.ts'
import type { HashTile } from '#core/log/tile.ts'
import { tileProver } from '#core/log/tile-prover.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Replay } from '#core/replay.ts'
import { fetchDirectory } from './directory.ts'
import type { Api } from './http.ts'
import { type PinStore, pinTree } from './pins.ts'

/** A tree of the log that the log signed and that grew from every tree this client saw before. */
export interface SeenCheckpoint {
  readonly size: number
  readonly root: Uint8Array
  /** The signed note. */
  readonly note: string
  /** How many distinct witnesses of the charter cosigned it. */
  readonly witnessed: number
  readonly witnessQuorum: number
  /** POSIX seconds since when as many witnesses as the quorum asks for have this tree; absent where they do not. */
  readonly cosignedAt?: number
}

/** The governance chain and the log that it stands in. */
export interface SeenLog {
  /** Read before the checkpoint: the tree holds all of it. */
  readonly replay: Replay
  readonly checkpoint: SeenCheckpoint
}

/**
 * Fetches the governance chain, then the newest checkpoint. Where the log key was replaced between the two, both are fetched again.
 *
 * Refuses what `fetchDirectory` and `fetchCheckpoint` refuse.
 */
export async function fetchLog(api: Api, pins: PinStore): Promise<Result<SeenLog>> {
  for (let attempt = 1; ; attempt++) {
    const replay = await fetchDirectory(api, pins)
    if (!replay.ok) return replay
    const checkpoint = await fetchCheckpoint(api, pins, replay.value.directory)
    if (checkpoint.ok) return accept({ replay: replay.value, checkpoint: checkpoint.value })
    if (checkpoint.refusal.reason !== 'note-unsigned' || attempt === 2) return checkpoint
  }
}

/**
 * Fetches the newest checkpoint and demands that the log only grew since the last one seen.
 *
 * Only the key that the charter names now may have signed it: one that was replaced signs nothing any more.
 *
 * Refuses what `verifyCheckpoint` and `verifyCosignatures` refuse, `checkpoint-older`, and `checkpoint-inconsistent`, also where the
 * server does not give the tiles that would prove otherwise.
 */
export async function fetchCheckpoint(
  api: Api,
  pins: PinStore,
  directory: Directory,
): Promise<Result<SeenCheckpoint>> {
  const note = await api.readCheckpoint()
  if (!note.ok) return note
  const key = parseVkey(directory.charter?.log_key ?? '')
  if (!key.ok) return key
  const checkpoint = verifyCheckpoint(note.value, key.value)
  if (!checkpoint.ok) return checkpoint
  const policy = directory.charter?.witnesses
  const witnesses = parseWitnesses(policy?.keys ?? [])
  if (!witnesses.ok) return witnesses
  const cosignatures = verifyCosignatures(checkpoint.value.note, witnesses.value)
  if (!cosignatures.ok) return cosignatures
  const { root, size } = checkpoint.value
  const pinned = await pinTree(
    pins,
    { root, size, note: note.value },
    async (oldSize) => await proveGrowth(api, oldSize, size),
  )
  if (!pinned.ok) return pinned
  const witnessQuorum = policy?.quorum ?? 0
  const times = newestTimes(cosignatures.value)
  const cosignedAt = times[witnessQuorum - 1]
  return accept({
    size,
    root,
    note: note.value,
    witnessed: times.length,
    witnessQuorum,
    ...(cosignedAt === undefined ? {} : { cosignedAt }),
  })
}

/** When each distinct witness cosigned last, the newest first. */
function newestTimes(cosignatures: readonly VerifiedCosignature[]): readonly number[] {
  const times = new Map<string, number>()
  for (const { timeSeconds, witness } of cosignatures) {
    times.set(witness.name, Math.max(timeSeconds, times.get(witness.name) ?? 0))
  }
  return [...times.values()].toSorted((a, b) => b - a)
}

function parseWitnesses(vkeys: readonly string[]): Result<readonly VerifierKey[]> {
  const verifiers: VerifierKey[] = []
  for (const vkey of vkeys) {
    const verifier = parseVkey(vkey)
    if (!verifier.ok) return verifier
    verifiers.push(verifier.value)
  }
  return accept(verifiers)
}

/** Nothing in the tiles has to be trusted: a proof made of wrong ones does not verify. */
async function proveGrowth(
  api: Api,
  oldSize: number,
  size: number,
): Promise<Result<readonly Uint8Array[]>> {
  const prover = tileProver(size, async (tile) => await readHashTile(api, tile))
  try {
    return accept(await prover.consistencyProof(oldSize))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return refuse('checkpoint-inconsistent', 'the server does not show how the log grew')
  }
}

/**
 * Reads a tile for a prover.
 *
 * @throws RangeError where the server does not have it, which the prover's own checks throw for tiles that are too short.
 */
export async function readHashTile(api: Api, tile: HashTile): Promise<Uint8Array> {
  const bytes = await api.readTile(tile)
  if (!bytes.ok) throw new RangeError('a tile is missing')
  return bytes.value
}
