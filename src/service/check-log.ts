import { fromHex } from '#core/bytes.ts'
import { verifyConsistency } from '#core/log/merkle.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { TreeHead } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import type { LogAlarm } from './log-alarm.ts'
import { openProver, storedFrontier } from './sequence-log.ts'

/** A tree that somebody outside the storage remembers: the log signer, or a witness. */
export interface SeenTree extends TreeHead {
  /** Who remembers it, in words for the operator. */
  readonly by: string
}

/** A tree that a witness cosigned. */
export interface WitnessedTree extends SeenTree {
  /** Name of the witness. */
  readonly witness: string
  /** The checkpoint, with the signatures of both; '' where it has seen none. */
  readonly note: string
}

/**
 * Holds the stored log against every tree that somebody outside has seen. To be asked before a server starts: going on from a restored or
 * damaged database would fork the log for good.
 *
 * Refuses `checkpoint-older` where somebody has seen a larger tree than is stored, and `checkpoint-inconsistent` where the stored log did
 * not grow from what was seen.
 *
 * @throws Error when the stored frontier does not fold to the stored root. @throws Unavailable
 */
export async function checkLog(storage: Storage, seen: readonly SeenTree[]): Promise<Result<void>> {
  const head = await storage.logHead()
  storedFrontier(head)
  const size = head?.size ?? 0
  for (const tree of seen) {
    if (tree.size > size)
      return refuse(
        'checkpoint-older',
        `${tree.by} has seen ${String(tree.size)} entries of the log, and the database has ${String(size)}: an old database was restored, or another one is meant`,
      )
    if (!(await growsFrom(storage, tree, { size, root: head?.root ?? '' })))
      return refuse(
        'checkpoint-inconsistent',
        `${tree.by} has seen another log of ${String(tree.size)} entries than the database has`,
      )
  }
  return accept(undefined)
}

/** What a tree that a witness has seen proves against the stored log; `undefined` where that grew from it. @throws Unavailable */
export async function alarmOf(
  storage: Storage,
  { note, witness, ...tree }: WitnessedTree,
): Promise<LogAlarm | undefined> {
  const checked = await checkLog(storage, [tree])
  return checked.ok ? undefined : { witness, reason: checked.refusal.reason, size: tree.size, note }
}

async function growsFrom(
  storage: Storage,
  old: TreeHead,
  head: { readonly size: number; readonly root: string },
): Promise<boolean> {
  if (old.size === 0) return true
  return verifyConsistency({
    oldSize: old.size,
    oldRoot: old.root,
    newSize: head.size,
    newRoot: fromHex(head.root) ?? new Uint8Array(),
    path: await openProver(storage, head.size).consistencyProof(old.size),
  }).ok
}
