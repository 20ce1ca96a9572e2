import type { WitnessPolicy } from '#core/act-bodies.ts'
import type { ChainLink, Directory } from '#core/directory.ts'
import type { Storage } from '#ports/storage.ts'

/** Trees that the same witnesses vouch for: those with more than `above` leaves and, up to the next change, at most `sizeMax`. */
export interface WitnessedTrees {
  readonly witnesses: WitnessPolicy
  readonly above: number
  readonly sizeMax: number
}

/** Where the witnesses of a directory change in the log, once all of it is there: then that never changes. */
const settled = new WeakMap<Directory, readonly WitnessedTrees[]>()

/**
 * Whose cosignatures count for which trees, the youngest trees first. A tree is vouched for by the witnesses that the newest governance
 * record among its leaves names, as it is signed by the log key of that record.
 *
 * So an amendment takes nothing back that the witnesses before it have seen, and those release nothing that holds the amendment.
 *
 * @param directory read after the trees that are asked about, so that it knows all their records
 */
export async function witnessedTrees(
  storage: Pick<Storage, 'governance'>,
  directory: Directory,
): Promise<readonly WitnessedTrees[]> {
  const known = settled.get(directory)
  if (known !== undefined) return known
  const changes = directory.chain.flatMap((link, at) =>
    at === 0 || !isSamePolicy(link, directory.chain[at - 1]) ? [at] : [],
  )
  const leaves = await Promise.all(changes.map(async (at) => await leafOf(storage, at)))
  const trees = changes.flatMap((at, i) => {
    const [link, above] = [directory.chain[at], leaves[i]]
    // A record that waits for the log is in no tree yet.
    if (link === undefined || above === undefined) return []
    return [{ witnesses: link.witnesses, above, sizeMax: leaves[i + 1] ?? Number.MAX_SAFE_INTEGER }]
  })
  const youngestFirst = trees.toReversed()
  if (!leaves.includes(undefined)) settled.set(directory, youngestFirst)
  return youngestFirst
}

/** The witnesses that vouch for the tree of one size; `undefined` before the charter. */
export async function witnessesOf(
  storage: Pick<Storage, 'governance'>,
  directory: Directory,
  size: number,
): Promise<WitnessPolicy | undefined> {
  const trees = await witnessedTrees(storage, directory)
  return trees.find(({ above }) => above < size)?.witnesses
}

/** Where a link stands in the log; every tree is one of after the first. */
async function leafOf(
  storage: Pick<Storage, 'governance'>,
  position: number,
): Promise<number | undefined> {
  if (position === 0) return 0
  const [record] = await storage.governance(position, 1)
  return record?.leafIndex
}

function isSamePolicy({ witnesses }: ChainLink, before: ChainLink | undefined): boolean {
  return (
    witnesses.quorum === before?.witnesses.quorum &&
    witnesses.keys.join() === before.witnesses.keys.join()
  )
}
