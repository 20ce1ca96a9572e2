import { hex, utf8 } from '#core/bytes.ts'
import { hmacSha256 } from '#core/hash.ts'
import type { Random } from '#ports/random.ts'

/** Addresses whose name is remembered at once. */
const NAMES_MAX = 10_000
const ADDRESS_CHARACTERS_MAX = 64
const GROUPS = 8
/** What one customer of a provider has: a /64. */
const NETWORK_GROUPS = 4
/** What one subscriber may have at most: a /48. */
const NEIGHBOURHOOD_GROUPS = 3

/**
 * Gives network addresses names under a key that this process made and nobody keeps: whoever reads its memory later, or its log, finds no
 * address and cannot try all of them.
 */
export function openVisitorNames(
  random: Random,
  networkOfAddress: (address: string) => string = networkOf,
): (address: string) => string {
  const key = random.bytes(32)
  const names = new Map<string, string>()
  return (address) => {
    const network = networkOfAddress(address)
    const known = names.get(network)
    if (known !== undefined) return known
    const name = hex(hmacSha256(key, utf8(network))).slice(0, 32)
    if (names.size >= NAMES_MAX) names.clear()
    names.set(network, name)
    return name
  }
}

/** The network that an address is counted as: an IPv4 address itself, also where it is written as IPv6, and the /64 of an IPv6 address. */
export function networkOf(address: string): string {
  return prefixOf(address, { bytes: 4, groups: NETWORK_GROUPS })
}

/** The wider network that shares the room for bodies which are arriving: the /24 of an IPv4 address, the /48 of an IPv6 address. */
export function neighbourhoodOf(address: string): string {
  return prefixOf(address, { bytes: 3, groups: NEIGHBOURHOOD_GROUPS })
}

function prefixOf(
  address: string,
  length: { readonly bytes: number; readonly groups: number },
): string {
  const [bare = ''] = address.trim().toLowerCase().slice(0, ADDRESS_CHARACTERS_MAX).split('%')
  const mapped = /^(?:::ffff:|0:0:0:0:0:ffff:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare)?.[1] ?? bare
  if (!mapped.includes(':')) return mapped.split('.').slice(0, length.bytes).join('.')
  const [head = '', tail] = bare.split('::', 2)
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - first.length - last.length)
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last]
  const network = groups.slice(0, length.groups).map((group) => group.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/${String(16 * length.groups)}`
}
