import { fromBase64, hex } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { recordHash } from '#core/log/leaf.ts'
import { parseLogProof } from '#core/log/proof.ts'
import type { Replay } from '#core/replay.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import type { Api } from './http.ts'

/**
 * How many links of a governance chain a published tree must hold.
 *
 * Those at the end of the chain may be so young that the log has signed them and its witnesses have not seen them yet; each of them has a
 * receipt that says so. Where the charter names no witnesses, nothing is signed that is not published.
 *
 * @param hashes record hashes of the entries of the tree, from the first one or from a tree on that held all links before
 */
export async function settledLinks(
  api: Api,
  replay: Replay,
  hashes: readonly string[],
): Promise<number> {
  const { chain, charter } = replay.directory
  const inTree = new Set(hashes)
  let count = chain.length
  if ((charter?.witnesses.quorum ?? 0) === 0) return count
  while (count > 0 && !inTree.has(chain[count - 1]?.hash ?? '')) {
    if (!(await isSigned(api, replay, count - 1))) return count
    count -= 1
  }
  return count
}

/** Whether the log signed a tree with a link in it, as the receipt of its act shows. */
async function isSigned(api: Api, replay: Replay, position: number): Promise<boolean> {
  const { chain, genesis, origin } = replay.directory
  const payload = fromBase64(replay.links[position]?.payload ?? '') ?? new Uint8Array()
  const receipt = await api.readReceipt(sha256Hex(payload), { withChain: true })
  if (!receipt.ok) return false
  const verified = await verifyReceipt(receipt.value, { origin, genesis }, parseAct)
  const proof = parseLogProof(receipt.value.act.proof)
  if (!verified.ok || !proof.ok) return false
  return hex(recordHash(proof.value.extra ?? new Uint8Array())) === chain[position]?.hash
}
