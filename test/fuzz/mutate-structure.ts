import { base64, concat, fromUtf8, utf8 } from '#core/bytes.ts'
import { bodyOf, readPackets, writePacket } from '#core/packet-walk.ts'
import { fromLatin1, latin1, type Material } from './material.ts'

/** Runs of base64 long enough to be something, in one line or in several. */
const ENCODED = /[A-Za-z0-9+/]{15,}(?:\n[A-Za-z0-9+/]+)*={0,2}/g
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Changes what is inside a run of base64, or spells the same bytes another way. */
export function mutateBase64(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material
  const text = latin1(input)
  const runs = [...text.matchAll(ENCODED)]
  const run = runs[random.below(runs.length)]
  if (run === undefined) return input
  const [encoded] = run
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64'))
  const changed = random.oneIn(6)
    ? otherSpelling(encoded, random.below(4))
    : likeBefore(encoded, base64(insidePackets(bytes, material)))
  return fromLatin1(text.slice(0, run.index) + changed + text.slice(run.index + encoded.length))
}

/** Armored packets change as packets half of the time. */
function insidePackets(bytes: Uint8Array, material: Material): Uint8Array {
  return material.random.oneIn(2) ? mutatePackets(bytes, material) : material.inside(bytes)
}

/** What stands in a string may be base64 itself. */
function insideText(bytes: Uint8Array, material: Material): Uint8Array {
  return material.random.oneIn(2) ? mutateBase64(bytes, material) : material.inside(bytes)
}

/** In lines of the same width. */
function likeBefore(before: string, encoded: string): string {
  const width = before.indexOf('\n')
  if (width <= 0) return encoded
  const lines = encoded.match(new RegExp(`.{1,${String(width)}}`, 'g')) ?? []
  return lines.join('\n') + (before.endsWith('\n') ? '\n' : '')
}

/** Spellings that lenient decoders take for the same bytes. */
function otherSpelling(encoded: string, kind: number): string {
  if (kind === 0) return encoded.replaceAll('=', '')
  if (kind === 1) return encoded.replaceAll('+', '-').replaceAll('/', '_')
  if (kind === 2) return `${encoded.slice(0, 4)} ${encoded.slice(4)}`
  const last = encoded.replace(/=*$/, '').length - 1
  const stray = ALPHABET[ALPHABET.indexOf(encoded[last] ?? 'A') ^ 1] ?? 'B'
  return encoded.slice(0, last) + stray + encoded.slice(last + 1)
}

type Path = readonly (string | number)[]

/** Changes one value inside JSON, keeps members in order, and so reaches what stands behind the check of the form. */
export function mutateJson(input: Uint8Array, material: Material): Uint8Array {
  const value = parsed(input)
  if (value === undefined) return input
  const { random } = material
  const paths = pathsOf(value, [])
  const path = paths[random.below(paths.length)] ?? []
  const other = parsed(material.other)
  const donors = other === undefined ? [] : pathsOf(other, [])
  const changed = edit(value, path, (old) => {
    switch (random.below(9)) {
      case 0:
        return undefined
      case 1:
        return [old, old]
      case 2:
        return at(other, alike(donors, path, random.below(1000)))
      case 3:
        return at(value, alike(paths, path, random.below(1000)))
      case 4:
        return random.pick([null, true, 0, -1, 2 ** 53 - 1, '', [], {}, 'a'.repeat(70_000)])
      case 5:
        return Array.isArray(old) ? (old as unknown[]).toReversed() : [old]
      case 6:
        return isObject(old) ? { ...old, [random.pick(['zz', 'a', 'v', '__proto__'])]: 1 } : old
      case 7:
        return typeof old === 'number' ? old + random.below(5) - 2 : old
      default:
        return typeof old === 'string' ? (fromUtf8(insideText(utf8(old), material)) ?? old) : old
    }
  })
  return utf8(random.oneIn(12) ? JSON.stringify(changed, undefined, 1) : sorted(changed))
}

/** One of the places under the same member name, where what fits here is most likely to be. */
function alike(paths: readonly Path[], path: Path, turn: number): Path {
  const same = paths.filter((one) => one.at(-1) === path.at(-1))
  const from = same.length === 0 ? paths : same
  return from[turn % from.length] ?? []
}

function parsed(input: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(input) ?? '')
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Where values stand; the bound keeps hostile nests and long lists from taking the time. */
function pathsOf(value: unknown, path: Path): Path[] {
  if (path.length > 12 || typeof value !== 'object' || value === null) return [path]
  return [
    path,
    ...Object.entries(value)
      .slice(0, 60)
      .flatMap(([key, item]) => pathsOf(item, [...path, key])),
  ]
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (all, key) => (typeof all === 'object' && all !== null ? Reflect.get(all, key) : undefined),
    value,
  )
}

function edit(value: unknown, path: Path, change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return change(value)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]): [string, unknown] =>
    name === String(key) ? [name, edit(item, rest, change)] : [name, item],
  )
  return Array.isArray(value)
    ? entries.map(([, item]) => item).filter((item) => item !== undefined)
    : Object.fromEntries(entries)
}

function sorted(value: unknown): string {
  return JSON.stringify(value ?? null, (_, item: unknown) =>
    isObject(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

/** Drops, repeats, moves or changes one OpenPGP packet, and writes its length anew. */
export function mutatePackets(input: Uint8Array, material: Material): Uint8Array {
  const packets = readPackets(input)
  if (packets === undefined || packets.length === 0) return input
  const { random } = material
  const parts = packets.map((packet) => ({ tag: packet.tag, body: bodyOf(input, packet) }))
  const index = random.below(parts.length)
  const part = parts[index]
  if (part === undefined) return input
  const donors = readPackets(material.other) ?? []
  const donor = donors[random.below(donors.length)]
  switch (random.below(6)) {
    case 0:
      parts.splice(index, 1)
      break
    case 1:
      parts.splice(index, 0, ...Array.from({ length: random.pick([1, 2, 20, 70]) }, () => part))
      break
    case 2:
      parts.splice(random.below(parts.length), 0, ...parts.splice(index, 1))
      break
    case 3:
      if (donor !== undefined)
        parts.splice(index, random.below(2), {
          tag: donor.tag,
          body: bodyOf(material.other, donor),
        })
      break
    case 4:
      parts[index] = { tag: random.below(64), body: part.body }
      break
    default:
      parts[index] = { tag: part.tag, body: material.inside(part.body) }
  }
  return concat(...parts.map(({ body, tag }) => writePacket(tag, body)))
}
