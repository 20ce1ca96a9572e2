import { type Directory, logKeysOf } from '#core/directory.ts'
import type { Events } from '#ports/events.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import { type Storage, Unavailable } from '#ports/storage.ts'
import type { Witness } from '#ports/witness.ts'
import { seenBy } from './ask-witness.ts'
import type { WitnessedTree } from './check-log.ts'
import { isByReplacedKey } from './released-size.ts'

/** Whom a server asks before it goes on with its log, and about what. */
export interface RecallPorts {
  readonly directory: Directory
  readonly events: Events
  readonly origin: string
  /** Knows log keys that the stored chain does not name, where that is an old one. */
  readonly signer: Pick<LogSigner, 'state'>
  readonly storage: Pick<Storage, 'governance'>
  /** Those that have an address here. */
  readonly witnesses: readonly Witness[]
}

/** What the witnesses have seen of a log. */
export interface Recalled {
  readonly seen: readonly WitnessedTree[]
  /**
   * Which of the charter's witnesses did not tell, or not with their own signature and the log's, in words for the operator; `undefined`
   * where those that told are so many that no quorum can have seen what none of them has.
   */
  readonly doubt: string | undefined
}

/**
 * Asks all witnesses what they cosigned last. With n of them in the charter and a quorum of k, n - k + 1 have to tell: then every quorum that
 * may have cosigned a tree has one of them in it. Who shows a checkpoint of a key that had been replaced by then has told nothing.
 */
export async function recallWitnesses(ports: RecallPorts): Promise<Recalled> {
  const { directory, origin, signer, witnesses } = ports
  const logKeys = [...new Set([...(await signer.state()).vkeys, ...logKeysOf(directory)])]
  const told = new Map<string, WitnessedTree>()
  await Promise.all(
    witnesses.map(async (witness) => {
      const tree = await orSilent(seenBy(witness, origin, logKeys))
      if (tree === undefined) return
      if (await isByReplacedKey(ports.storage, directory, tree))
        ports.events.witnessFailed({ witness: witness.key.name, reason: 'key-replaced' })
      else told.set(witness.vkey, tree)
    }),
  )
  const { keys, quorum } = directory.charter?.witnesses ?? { keys: [], quorum: 0 }
  const silent = keys.filter((vkey) => !told.has(vkey)).map((vkey) => vkey.split('+', 1)[0] ?? '')
  const isEnough = quorum === 0 || silent.length < quorum
  return {
    seen: [...told.values()],
    doubt: isEnough
      ? undefined
      : `too few witnesses tell whether they have seen more of the log than the database has; these do not: ${silent.join(', ')}`,
  }
}

async function orSilent(
  tree: Promise<WitnessedTree | undefined>,
): Promise<WitnessedTree | undefined> {
  try {
    return await tree
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}
