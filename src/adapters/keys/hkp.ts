import { formatAddress } from '#core/mail-address.ts'
import type { KeyDirectory } from '#ports/key-directory.ts'
import { armoredAnswer } from './armored-answer.ts'
import { carefulFetch, PUBLIC_REACH, type Reach } from './careful-fetch.ts'

/** A key server to which anybody uploads anything (draft-gallagher-openpgp-hkp), over HTTPS. It learns whom we ask for. */
export function hkpDirectory(host: string, reach: Reach = PUBLIC_REACH): KeyDirectory {
  return {
    kind: 'hkp',
    host,
    find: async (address) => {
      const search = encodeURIComponent(formatAddress(address))
      const path = `/pks/lookup?op=get&options=mr&exact=on&search=${search}`
      return armoredAnswer(await carefulFetch({ host, path }, reach))
    },
  }
}
