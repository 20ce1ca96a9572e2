import type { ActOf, ParsedAct } from './act.ts'
import { fromHex, hex } from './bytes.ts'
import { CHUNK_PARTS, type CheckKeying, RELEASE_SECONDS, releaseAt } from './check-list.ts'
import {
  type CheckListState,
  type Decision,
  type DecisionState,
  done,
  type PublishedList,
  partyOf,
  type SubjectKey,
} from './decision.ts'
import { merkleRoot } from './log/merkle.ts'
import { accept, refuse, type Result } from './result.ts'
import { parseInstant } from './time.ts'

/** A party's lists that are still served: the next, the one in force, and the one that readers may still be fetching. */
const LISTS_KEPT = 3

/** By which the lists of all parties are found. */
export const CHECK_LIST_TAG = 'published'

/** What publishing a list of check codes reads: the party's lists, and the chunks that it names. */
export function checkReads(parsed: ParsedAct<ActOf<'check.publish'>>): readonly SubjectKey[] {
  const party = partyOf(parsed)
  const { chunks, keyed } = parsed.act.body
  return [
    { kind: 'check-list', id: checkListId(party, keyed) },
    ...chunks.map((sha256) => ({ kind: 'check-chunk', id: checkChunkId(party, sha256) }) as const),
  ]
}

/**
 * Decides on a list of check codes: its chunks are there, they give its root, and it follows the party's list before.
 *
 * A release that is over is refused, so that nobody learns from a late one when something happened. Refuses `check-release-wrong`,
 * `check-list-older`, `check-list-unknown`, `check-root-wrong`.
 */
export function decideCheck(
  state: DecisionState,
  parsed: ParsedAct<ActOf<'check.publish'>>,
  now: number,
): Result<Decision> {
  const { body } = parsed.act
  const party = partyOf(parsed)
  const release = parseInstant(body.release) ?? 0
  const inForce = releaseAt(now)
  if (release !== inForce && release !== inForce + RELEASE_SECONDS)
    return refuse('check-release-wrong')
  const id = checkListId(party, body.keyed)
  const before = state.subjects.get('check-list', id)?.lists ?? []
  if (before.some((list) => list.release >= release)) return refuse('check-list-older')
  const whole = checkChunks(state, parsed)
  if (!whole.ok) return whole
  const { buckets, chunks, root, texts } = body
  const list: PublishedList = { act: parsed.id, buckets, chunks, release, root, texts }
  const next: CheckListState = {
    party,
    keyed: body.keyed,
    lists: [list, ...before].slice(0, LISTS_KEPT),
  }
  return accept(done({ kind: 'put', subject: 'check-list', id, state: next, tag: CHECK_LIST_TAG }))
}

/** Full chunks are whole subtrees of the tree over all parts, so their roots give its root. */
function checkChunks(
  state: DecisionState,
  parsed: ParsedAct<ActOf<'check.publish'>>,
): Result<void> {
  const { buckets, chunks, root, texts } = parsed.act.body
  const party = partyOf(parsed)
  const roots: Uint8Array[] = []
  let parts = 0
  for (const sha256 of chunks) {
    const chunk = state.subjects.get('check-chunk', checkChunkId(party, sha256))
    if (chunk === undefined || chunk.dropped) return refuse('check-list-unknown')
    if (parts % CHUNK_PARTS !== 0) return refuse('check-root-wrong', 'only the last chunk is short')
    parts += chunk.parts
    roots.push(fromHex(chunk.root) ?? new Uint8Array())
  }
  return parts === buckets + texts && hex(merkleRoot(roots)) === root
    ? accept(undefined)
    : refuse('check-root-wrong')
}

/** Id of the subject that holds a party's lists of one keying. */
export function checkListId(party: string, keyed: CheckKeying): string {
  return `${party}:${keyed}`
}

/** Id of the subject that holds an uploaded chunk: chunks are scoped to the party that uploads them. */
export function checkChunkId(party: string, sha256: string): string {
  return `${party}:${sha256}`
}
