import { accept, refuse, type Result } from '#core/result.ts'
import { EMPTY_ROOT, verifyConsistency } from './merkle.ts'

/** The last tree that a log key has signed. */
export interface SignerMemory {
  readonly size: number
  readonly root: Uint8Array
}

/** The memory of a key that has signed nothing. */
export const NOTHING_SIGNED: SignerMemory = { size: 0, root: EMPTY_ROOT }

/**
 * Decides whether a log key may sign a tree after the last one it signed: the rules of a witness, held against ourselves.
 *
 * Refuses `checkpoint-older` for a smaller tree, `checkpoint-inconsistent` for one that does not extend what was signed.
 */
export function checkSignable(
  memory: SignerMemory,
  head: SignerMemory,
  path: readonly Uint8Array[],
): Result<void> {
  if (head.size < memory.size) return refuse('checkpoint-older')
  if (memory.size === 0) return head.size > 0 ? accept(undefined) : refuse('checkpoint-older')
  const proven = verifyConsistency({
    oldSize: memory.size,
    newSize: head.size,
    oldRoot: memory.root,
    newRoot: head.root,
    path,
  })
  return proven.ok ? accept(undefined) : refuse('checkpoint-inconsistent')
}
