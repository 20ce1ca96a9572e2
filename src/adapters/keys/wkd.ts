import { splitCertificates } from '#core/address-certificate.ts'
import type { MailAddress } from '#core/mail-address.ts'
import { wkdHash } from '#core/wkd.ts'
import type { Answer, KeyDirectory } from '#ports/key-directory.ts'
import { carefulFetch, type Fetched, PUBLIC_REACH, type Reach } from './careful-fetch.ts'

/**
 * The Web Key Directory of the address's own domain (draft-koch-openpgp-webkey-service): the advanced method, and the direct one only where
 * the name `openpgpkey.…` does not exist, so that nobody who blocks the first decides about the second.
 */
export function wkdDirectory(reach: Reach = PUBLIC_REACH): KeyDirectory {
  return {
    kind: 'wkd',
    host: '',
    find: async ({ domain, local }: MailAddress) => {
      const file = `hu/${wkdHash(local)}?l=${encodeURIComponent(local)}`
      const base = '/.well-known/openpgpkey'
      const advanced = await carefulFetch(
        { host: `openpgpkey.${domain}`, path: `${base}/${domain}/${file}` },
        reach,
      )
      if (advanced.kind !== 'nowhere') return answerOf(advanced)
      return answerOf(await carefulFetch({ host: domain, path: `${base}/${file}` }, reach))
    },
  }
}

function answerOf(fetched: Fetched): Answer {
  if (fetched.kind === 'failed') return fetched
  if (fetched.kind !== 'body') return { kind: 'none' }
  const certificates = splitCertificates(fetched.bytes)
  return certificates.ok
    ? { kind: 'certificates', certificates: certificates.value }
    : { kind: 'failed', reason: 'malformed' }
}
