import { RELEASE_SECONDS, releaseAt } from '#core/check-list.ts'
import { formatInstant } from '#core/time.ts'
import type { ActBodies } from '#core/act-bodies.ts'
import { sha256Hex } from '#core/hash.ts'
import { codeOf, listOf, publishList, uploadList } from '#test/helpers/check-lists.ts'
import { type Coalition, threeOf } from '#test/helpers/coalition.ts'
import type { RefusalCase } from './refusal-case.ts'

type Kind = Pick<RefusalCase, 'reason' | 'status'>
type Body = ActBodies['check.publish']

const ENTRY = { code: codeOf('a'), account: 'a' }

/** A list of Contoso's that is refused; its chunks are uploaded. */
function publishing(
  name: string,
  kind: Kind,
  change: (body: Body, c: Coalition) => Promise<Body> | Body,
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      const list = await listOf(c, contoso, { entries: [ENTRY] })
      await uploadList(c, contoso, list)
      const body = await change(list.body, c)
      return async () => await c.submit('check.publish', body, contoso)
    },
  }
}

/** A chunk of Contoso's that is refused. */
function uploading(name: string, bytes: Uint8Array, sha256 = sha256Hex(bytes)): RefusalCase {
  return {
    reason: 'request-malformed',
    status: 400,
    name,
    arrange: async (c) => {
      const token = await c.session(threeOf(c).contoso)
      const body = Uint8Array.from(bytes)
      return async () => await c.ask(`/api/checks/chunks/${sha256}`, { method: 'PUT', token, body })
    },
  }
}

const later = (body: Body, seconds: number): string =>
  formatInstant(Date.parse(body.release) / 1000 + seconds)

export const CHECKS: readonly RefusalCase[] = [
  publishing(
    'a list whose chunks another party uploaded',
    { reason: 'check-list-unknown', status: 409 },
    async (body, c) => {
      const { fabrikam } = threeOf(c)
      const other = await listOf(c, fabrikam, { entries: [ENTRY] })
      await uploadList(c, fabrikam, other)
      return { ...body, chunks: other.body.chunks, root: other.body.root }
    },
  ),
  publishing('a list with another root', { reason: 'check-root-wrong', status: 422 }, (body) => ({
    ...body,
    root: '7'.repeat(64),
  })),
  publishing(
    'a list that counts its parts wrong',
    { reason: 'check-root-wrong', status: 422 },
    (body) => ({
      ...body,
      buckets: 2,
    }),
  ),
  publishing(
    'a list whose first chunk is short',
    { reason: 'check-root-wrong', status: 422 },
    (body) => ({
      ...body,
      chunks: [...body.chunks, ...body.chunks],
      buckets: 1,
    }),
  ),
  publishing(
    'a list for a release that is over',
    { reason: 'check-release-wrong', status: 422 },
    (body) => ({ ...body, release: later(body, -RELEASE_SECONDS) }),
  ),
  publishing(
    'a list for the release after the next',
    { reason: 'check-release-wrong', status: 422 },
    (body) => ({ ...body, release: later(body, 2 * RELEASE_SECONDS) }),
  ),
  publishing(
    'a list between two releases',
    { reason: 'check-release-wrong', status: 422 },
    (body) => ({ ...body, release: later(body, 3600) }),
  ),
  publishing(
    'a second list for one release',
    { reason: 'check-list-older', status: 409 },
    async (body, c) => {
      const { contoso } = threeOf(c)
      const now = releaseAt(c.clock.now())
      await publishList(c, contoso, await listOf(c, contoso, { entries: [ENTRY], release: now }))
      return body
    },
  ),
  publishing('a list in a strange shape', { reason: 'act-body-invalid', status: 422 }, (body) => ({
    ...body,
    texts: 2,
  })),
  uploading('a chunk of no whole parts', new Uint8Array(32_767)),
  uploading('a chunk without bytes', new Uint8Array()),
  uploading('a chunk under another hash', new Uint8Array(32_768), '7'.repeat(64)),
]
