import { canonicalJson } from '#core/canonical-json.ts'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { threeOf } from '#test/helpers/coalition.ts'
import type { RefusalCase } from './refusal-case.ts'

type Kind = Pick<RefusalCase, 'reason' | 'status'>

/** A template text of Contoso's that is refused. */
function uploading(
  name: string,
  kind: Kind,
  bytes: Uint8Array,
  hash = sha256Hex(bytes),
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const token = await c.session(threeOf(c).contoso)
      const body = Uint8Array.from(bytes)
      return async () => await c.ask(`/api/templates/${hash}`, { method: 'PUT', token, body })
    },
  }
}

export const TEMPLATES: readonly RefusalCase[] = [
  uploading(
    'a template text of another form',
    { reason: 'template-invalid', status: 422 },
    canonicalJson({ words: 'x' }),
  ),
  uploading(
    'a template text with white space',
    { reason: 'act-not-canonical', status: 400 },
    utf8('{ }'),
  ),
  uploading(
    'a template text of 200 KB',
    { reason: 'request-too-large', status: 413 },
    new Uint8Array(200_000),
  ),
  {
    reason: 'session-missing',
    status: 401,
    name: 'a template text without a session',
    arrange:
      async ({ ask }) =>
      async () =>
        await ask(`/api/templates/${'0'.repeat(64)}`, { method: 'PUT', body: '{}' }),
  },
]
