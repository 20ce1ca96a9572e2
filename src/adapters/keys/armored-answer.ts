import { splitCertificates } from '#core/address-certificate.ts'
import { fromUtf8 } from '#core/bytes.ts'
import { readArmor } from '#core/packets.ts'
import type { Answer } from '#ports/key-directory.ts'
import type { Fetched } from './careful-fetch.ts'

/** The answer of a key server, which sends one armored block. */
export function armoredAnswer(fetched: Fetched): Answer {
  if (fetched.kind === 'nowhere') return { kind: 'failed', reason: 'unreachable' }
  if (fetched.kind === 'failed') return fetched
  if (fetched.kind === 'absent') return { kind: 'none' }
  const bytes = readArmor(fromUtf8(fetched.bytes) ?? '', 'PGP PUBLIC KEY BLOCK')
  const certificates = bytes.ok ? splitCertificates(bytes.value) : bytes
  return certificates.ok
    ? { kind: 'certificates', certificates: certificates.value }
    : { kind: 'failed', reason: 'malformed' }
}
