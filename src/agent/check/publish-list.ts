import type { CheckPublishBody } from '#core/act-bodies.ts'
import { BUCKETS_MAX, type CheckKeying, RELEASE_SECONDS, releaseAt } from '#core/check-list.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseInstant } from '#core/time.ts'
import type { BuiltList } from '#client/build-check-list.ts'
import type { Api, SubmittedAct } from '#client/http.ts'

/** Whose list it is: each party has one of each keying. */
export interface OwnList {
  readonly party: string
  readonly keyed: CheckKeying
}

/** A bucket holds 512 codes; with so many on average hardly any overflows. */
const CODES_PER_BUCKET = 400

/** The release of a party's list that is in force; `undefined` where there is none. POSIX seconds. */
export async function publishedRelease(
  api: Api,
  { keyed, party }: OwnList,
): Promise<Result<number | undefined>> {
  const index = await api.readCheckIndex()
  if (!index.ok) return index
  const mine = index.value.find((list) => list.filer === party && list.keyed === keyed)
  return accept(parseInstant(mine?.release ?? ''))
}

/** The release in force, or the next one where that has a list already. POSIX seconds. */
export async function nextRelease(api: Api, own: OwnList, now: number): Promise<Result<number>> {
  const published = await publishedRelease(api, own)
  if (!published.ok) return published
  const inForce = releaseAt(now)
  return accept((published.value ?? 0) >= inForce ? inForce + RELEASE_SECONDS : inForce)
}

/** How large a list is made that has room for so many codes. Refuses `check-list-malformed` where there is no such list. */
export function roomFor(codes: number): Result<{ readonly buckets: number }> {
  let buckets = 1
  while (buckets * CODES_PER_BUCKET < codes) buckets *= 2
  return buckets > BUCKETS_MAX
    ? refuse('check-list-malformed', 'there is no list with room for so many codes')
    : accept({ buckets })
}

/** Uploads a list and publishes it, by whatever signs and submits acts here. Refuses what the server refuses. */
export async function publishList(
  api: Api,
  { body, chunks }: BuiltList,
  submit: (type: 'check.publish', body: CheckPublishBody) => Promise<Result<SubmittedAct>>,
): Promise<Result<SubmittedAct>> {
  for (const chunk of chunks) {
    const kept = await api.uploadCheckChunk(chunk)
    if (!kept.ok) return kept
  }
  return await submit('check.publish', body)
}
