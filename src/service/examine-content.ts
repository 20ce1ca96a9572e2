import { lineHash, splitChunk } from '#core/bundle.ts'
import type { BundleState } from '#core/decision.ts'
import { hex } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { merkleRoot } from '#core/log/merkle.ts'
import { replayChain } from '#core/replay.ts'
import type { ActReader } from '#ports/acts.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Inspection } from '#ports/inspection.ts'
import type { Storage } from '#ports/storage.ts'
import { chainUpTo } from './build-receipt.ts'
import { bundleKeys } from './bundle-layout.ts'
import { type Finding, fault, ok } from './examine-log.ts'
import { readState } from './load-subjects.ts'
import { allSubjects, namedBlobs } from './named-blobs.ts'

/** Stands for every head: the chain is read to its end. */
const NEWEST = ''
const RESTORE_BLOBS =
  'Copy the blobs that are missing from a backup: blobs are never changed, so any backup that has them will do.'

/** Replays the governance chain from its charter as every client does, signatures included. */
export async function examineGovernance(
  coalition: { readonly origin: string; readonly genesis: string; readonly acts: ActReader },
  storage: Storage,
): Promise<readonly Finding[]> {
  const head = await storage.logHead()
  if ((head?.directoryLength ?? 0) === 0) return [ok('governance', 'there is no charter yet')]
  const { acts, genesis, origin } = coalition
  const advice = 'Stop the server, and restore the newest backup (dunant restore).'
  try {
    const links = await chainUpTo({ storage }, NEWEST)
    const replayed = await replayChain({
      origin,
      genesis,
      links,
      parse: (payload) => acts.parse(payload),
    })
    if (!replayed.ok)
      return [fault('governance', `the chain does not hold: ${replayed.refusal.reason}`, advice)]
    const { chain } = replayed.value.directory
    const logged = chain[(head?.directoryLength ?? 0) - 1]?.hash
    return logged === head?.directoryHead
      ? [ok('governance', `${String(chain.length)} governance records hold, from the charter on`)]
      : [fault('governance', 'the log names another head of the chain', advice)]
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'it cannot be read'
    return [fault('governance', `the chain does not hold: ${detail}`, advice)]
  }
}

/** Looks whether every blob that must be there is there; with `isDeep`, whether each bundle has the root that was filed. */
export async function examineBlobs(
  inspection: Inspection,
  blobs: Pick<BlobStore, 'get'>,
  isDeep: boolean,
): Promise<readonly Finding[]> {
  const absent: string[] = []
  let count = 0
  for await (const { isNeeded, key } of namedBlobs(inspection)) {
    if (!isNeeded) continue
    count += 1
    if ((await blobs.get(key, { start: 0, end: 1 })) === undefined) absent.push(key)
  }
  const [first] = absent
  if (first !== undefined) {
    const detail = `${String(absent.length)} of ${String(count)} blobs are missing, such as ${first}`
    return [fault('blobs', detail, RESTORE_BLOBS)]
  }
  const found = ok('blobs', `${String(count)} blobs are there`)
  return isDeep ? [found, ...(await examineBundles(inspection, blobs))] : [found]
}

async function examineBundles(
  inspection: Inspection,
  blobs: Pick<BlobStore, 'get'>,
): Promise<readonly Finding[]> {
  let count = 0
  for await (const { state } of allSubjects(inspection, 'bundle')) {
    const bundle = readState('bundle', state ?? '')
    if (bundle.filed === undefined) continue
    const wrong = await bundleFault(blobs, bundle)
    if (wrong !== undefined)
      return [fault('bundles', `bundle ${bundle.root}: ${wrong}`, RESTORE_BLOBS)]
    count += 1
  }
  return [ok('bundles', `${String(count)} bundles have the roots that were filed`)]
}

async function bundleFault(
  blobs: Pick<BlobStore, 'get'>,
  bundle: BundleState,
): Promise<string | undefined> {
  const keys = bundleKeys(bundle)
  const hashes: Uint8Array[] = []
  let last = ''
  for (const { sha256 } of bundle.chunks) {
    const bytes = (await blobs.get(keys.chunk(sha256))) ?? new Uint8Array()
    if (sha256Hex(bytes) !== sha256) return `chunk ${sha256} has other bytes`
    const lines = splitChunk(bytes, last)
    if (!lines.ok) return `chunk ${sha256}: ${lines.refusal.reason}`
    for (const line of lines.value) hashes.push(lineHash(line))
    last = lines.value.at(-1) ?? last
  }
  return hex(merkleRoot(hashes)) === bundle.root ? undefined : 'its lines give another root'
}
