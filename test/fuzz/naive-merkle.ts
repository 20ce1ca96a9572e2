import { createHash, createPublicKey, verify } from 'node:crypto'

// RFC 6962 as its recursive definitions say it, over bigints: slow, and written from the text alone.

/** SHA-256 of joined bytes, by Node. */
export function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const node = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  digest(Uint8Array.of(1), left, right)

/** The largest power of two smaller than a count of at least 2. */
function split(count: bigint): bigint {
  let power = 1n
  while (power * 2n < count) power *= 2n
  return power
}

/** MTH of section 2.1. */
export function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return digest()
  if (leaves.length === 1) return only
  const k = Number(split(BigInt(leaves.length)))
  return node(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

/** PATH of section 2.1.1. */
export function auditPath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return []
  const k = Number(split(BigInt(leaves.length)))
  return index < k
    ? [...auditPath(index, leaves.slice(0, k)), treeHash(leaves.slice(k))]
    : [...auditPath(index - k, leaves.slice(k)), treeHash(leaves.slice(0, k))]
}

/** PROOF of section 2.1.2. */
export function consistencyPath(oldSize: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  return oldSize === 0 ? [] : subproof(oldSize, leaves, true)
}

function subproof(m: number, leaves: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  if (m === leaves.length) return isWhole ? [] : [treeHash(leaves)]
  const k = Number(split(BigInt(leaves.length)))
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), isWhole), treeHash(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), treeHash(leaves.slice(0, k))]
}

/** The root that an audit path leads to; `undefined` where the path does not have the length that index and size ask for. */
export function rootOf(
  place: { readonly index: bigint; readonly size: bigint },
  leaf: Uint8Array,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  const { index, size } = place
  if (index >= size) return undefined
  if (size === 1n) return path.length === 0 ? leaf : undefined
  const top = path.at(-1)
  if (top === undefined) return undefined
  const k = split(size)
  const isLeft = index < k
  const inner = isLeft ? { index, size: k } : { index: index - k, size: size - k }
  const below = rootOf(inner, leaf, path.slice(0, -1))
  if (below === undefined) return undefined
  return isLeft ? node(below, top) : node(top, below)
}

/** The two roots that a consistency path leads to, old and new; `undefined` where its length is not the right one. */
export function rootsOf(
  sizes: { readonly old: bigint; readonly now: bigint },
  oldRoot: Uint8Array,
  path: readonly Uint8Array[],
): readonly [Uint8Array, Uint8Array] | undefined {
  return walk(sizes, path, oldRoot)
}

/** `whole` is the old root as long as the old tree is a whole subtree from the first leaf. */
function walk(
  { now, old }: { readonly old: bigint; readonly now: bigint },
  path: readonly Uint8Array[],
  whole: Uint8Array | undefined,
): readonly [Uint8Array, Uint8Array] | undefined {
  const top = path.at(-1)
  if (old === now) {
    if (whole !== undefined) return path.length === 0 ? [whole, whole] : undefined
    return path.length === 1 && top !== undefined ? [top, top] : undefined
  }
  if (top === undefined) return undefined
  const k = split(now)
  if (old <= k) {
    const left = walk({ old, now: k }, path.slice(0, -1), whole)
    return left === undefined ? undefined : [left[0], node(left[1], top)]
  }
  const right = walk({ old: old - k, now: now - k }, path.slice(0, -1), undefined)
  return right === undefined ? undefined : [node(top, right[0]), node(top, right[1])]
}

/** Ed25519 by Node's own OpenSSL. */
export function isEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
  const x = Buffer.from(publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, message, key, signature)
}
