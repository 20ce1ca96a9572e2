import { formatAddress } from '#core/mail-address.ts'
import type { KeyDirectory } from '#ports/key-directory.ts'
import { armoredAnswer } from './armored-answer.ts'
import { carefulFetch, PUBLIC_REACH, type Reach } from './careful-fetch.ts'

/** A key server that verifies addresses, such as keys.openpgp.org (its VKS interface). It learns whom we ask for. */
export function vksDirectory(host: string, reach: Reach = PUBLIC_REACH): KeyDirectory {
  return {
    kind: 'vks',
    host,
    find: async (address) => {
      const path = `/vks/v1/by-email/${encodeURIComponent(formatAddress(address))}`
      return armoredAnswer(await carefulFetch({ host, path }, reach))
    },
  }
}
