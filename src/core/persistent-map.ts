/**
 * A map that is never changed: `with` gives another one that shares all but a few nodes with it.
 *
 * A governance chain has one roster after each link. As copies they would take memory that grows with the square of the chain.
 * Values come in the order in which their keys were first set, as with `Map`.
 */
export interface PersistentMap<V> extends ReadonlyMap<string, V> {
  with(key: string, value: V): PersistentMap<V>
}

/** A node of an AA tree (Andersson 1993): balanced, by a level in place of colours. */
interface Node<V> {
  readonly key: string
  readonly value: V
  /** When the key was first set. */
  readonly turn: number
  readonly level: number
  readonly left: Tree<V>
  readonly right: Tree<V>
}

type Tree<V> = Node<V> | undefined

/** Makes a map of some entries, the last one counting where a key stands twice. */
export function persistentMap<V>(entries: Iterable<readonly [string, V]> = []): PersistentMap<V> {
  let map = mapOf<V>(undefined, 0)
  for (const [key, value] of entries) map = map.with(key, value)
  return map
}

function mapOf<V>(root: Tree<V>, size: number): PersistentMap<V> {
  function* pairs(): MapIterator<[string, V]> {
    const nodes: Node<V>[] = []
    collect(root, nodes)
    for (const { key, value } of nodes.toSorted((a, b) => a.turn - b.turn)) yield [key, value]
    return undefined
  }
  function* parts<T>(part: (pair: [string, V]) => T): MapIterator<T> {
    for (const pair of pairs()) yield part(pair)
    return undefined
  }
  const map: PersistentMap<V> = {
    size,
    get: (key) => find(root, key)?.value,
    has: (key) => find(root, key) !== undefined,
    with: (key, value) => {
      const known = find(root, key)
      if (known === undefined) return mapOf(insert(root, { key, value, turn: size }), size + 1)
      return mapOf(insert(root, { key, value, turn: known.turn }), size)
    },
    entries: pairs,
    keys: () => parts(([key]) => key),
    values: () => parts(([, value]) => value),
    forEach: (visit) => {
      for (const [key, value] of pairs()) visit(value, key, map)
    },
    [Symbol.iterator]: pairs,
  }
  return map
}

function collect<V>(tree: Tree<V>, into: Node<V>[]): void {
  if (tree === undefined) return
  collect(tree.left, into)
  into.push(tree)
  collect(tree.right, into)
}

function find<V>(root: Tree<V>, key: string): Tree<V> {
  let tree = root
  while (tree !== undefined && tree.key !== key) tree = key < tree.key ? tree.left : tree.right
  return tree
}

function insert<V>(tree: Tree<V>, entry: Pick<Node<V>, 'key' | 'turn' | 'value'>): Node<V> {
  if (tree === undefined) return { ...entry, level: 1, left: undefined, right: undefined }
  if (entry.key === tree.key) return { ...tree, value: entry.value }
  const grown =
    entry.key < tree.key
      ? { ...tree, left: insert(tree.left, entry) }
      : { ...tree, right: insert(tree.right, entry) }
  return split(skew(grown))
}

/** Turns a left child of the same level into the parent. */
function skew<V>(tree: Node<V>): Node<V> {
  const { left } = tree
  if (left?.level !== tree.level) return tree
  return { ...left, right: { ...tree, left: left.right } }
}

/** Lifts the middle one of three nodes of the same level. */
function split<V>(tree: Node<V>): Node<V> {
  const { right } = tree
  if (right?.right?.level !== tree.level) return tree
  return { ...right, level: right.level + 1, left: { ...tree, right: right.left } }
}
