import { canonicalJson } from '#core/canonical-json.ts'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { type Coalition, type Company, threeOf } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accountTemplate } from '#test/helpers/statements.ts'
import type { RefusalCase } from './refusal-case.ts'
import { acting, newcomer } from './refusal-governance.cases.ts'

type Kind = Pick<RefusalCase, 'reason' | 'status'>

/** A template text of Contoso's that is refused. */
function uploading(name: string, kind: Kind, bytes: Uint8Array): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const token = await c.session(threeOf(c).contoso)
      const body = Uint8Array.from(bytes)
      return async () =>
        await c.ask(`/api/templates/${sha256Hex(bytes)}`, { method: 'PUT', token, body })
    },
  }
}

/** The first template of the release. */
const TEMPLATE = accountTemplate()

/** Admits a partner whose officer reviews. */
async function admitReviewer(c: Coalition): Promise<Company> {
  const { contoso, fabrikam } = threeOf(c)
  const partner = await companyKey('partner.example')
  const admission = await newcomer(c, partner.domain)
  const officers = admission.officers.map((officer) => ({
    ...officer,
    duties: ['admin', 'reviewer'] as const,
  }))
  idOf(await c.submit('party.admit', { ...admission, officers }, contoso, fabrikam))
  return partner
}

export const TEMPLATES: readonly RefusalCase[] = [
  acting(
    'a template whose texts nobody uploaded',
    { reason: 'template-unknown', status: 422 },
    { type: 'template.adopt', body: () => ({ manifest: { ...TEMPLATE.manifest } }) },
  ),
  {
    reason: 'template-exists',
    status: 409,
    name: 'a template adopted twice',
    arrange: async (c) => {
      const three = threeOf(c)
      const partner = await admitReviewer(c)
      const token = await c.session(three.contoso)
      for (const { hash, language } of TEMPLATE.manifest.languages) {
        const body = Uint8Array.from(canonicalJson({ ...TEMPLATE.texts.get(language) }))
        const kept = await c.ask(`/api/templates/${hash}`, { method: 'PUT', token, body })
        if (kept.status !== 201) throw new Error(kept.text)
      }
      const body = { manifest: { ...TEMPLATE.manifest } }
      idOf(
        await c.submit(
          'template.adopt',
          body,
          three.contoso,
          three.fabrikam,
          three.litware,
          partner,
        ),
      )
      return async () => await c.submit('template.adopt', body, three.contoso)
    },
  },
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
