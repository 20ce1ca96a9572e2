import { concat, utf8 } from '#core/bytes.ts'
import { fromLatin1, latin1, type Material, type Mutation } from './material.ts'
import { mutateBase64, mutateJson, mutatePackets } from './mutate-structure.ts'
import type { Random } from './random.ts'

/** Where UTF-8, canonical form and line ends have their edges: overlong forms, surrogates, marks, what looks like a space. */
const EDGES: readonly [Uint8Array, ...Uint8Array[]] = [
  Uint8Array.of(0),
  Uint8Array.of(0x7f),
  Uint8Array.of(0x80),
  Uint8Array.of(0xc0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xf4, 0x90, 0x80, 0x80),
  Uint8Array.of(0xef, 0xbb, 0xbf),
  ...['\u0085', '\u00a0', '\u2028', '\u200b', '\u0301', 'e\u0301', '\ufffd', '\u{1f512}'].map(utf8),
  ...['\n', '\r', '\r\n', '\t', ' ', '"', '\\', ',', '=', '+', '/', '-', '--', '%00', '../'].map(
    utf8,
  ),
]
const NUMBERS: readonly [string, ...string[]] = [
  '0',
  '-0',
  '1',
  '-1',
  '00',
  '1e3',
  '1.0',
  '255',
  '256',
  '257',
  '65536',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551616',
]
const BYTES: readonly [number, ...number[]] = [0, 1, 2, 4, 0x7f, 0x80, 0xbf, 0xc0, 0xe0, 0xfe, 0xff]
const NESTS: readonly [string, ...string[]] = ['[', '{"a":', '-----BEGIN ', '(', '"']
/** By how much copies may lengthen an input, one copy excepted. */
const GROWTH_BYTES_MAX = 32 * 1024
const COPIES: readonly [number, ...number[]] = [1, 1, 2, 3, 17, 64, 65, 101, 1000]

/** Those that know nothing of formats. */
const PLAIN: readonly [Mutation, ...Mutation[]] = [
  flipBit,
  setByte,
  addToNumber,
  remove,
  duplicate,
  splice,
  insertEdge,
  insertWord,
  replaceDigits,
  replaceDigits,
  swapLines,
  changeCase,
  nest,
  truncate,
]
const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  ...PLAIN,
  mutateBase64,
  mutateBase64,
  mutateBase64,
  mutateJson,
  mutateJson,
  mutateJson,
  mutatePackets,
  mutatePackets,
]

/** Changes an input in one to eight places, mostly in one. */
export function mutate(input: Uint8Array, given: Omit<Material, 'inside'>): Uint8Array {
  const { random } = given
  const inside = (bytes: Uint8Array): Uint8Array =>
    random.pick(PLAIN)(bytes, { ...given, other: bytes, words: [], inside: (same) => same })
  const material = { ...given, inside }
  const times = random.oneIn(2) ? 1 : 1 + random.below(random.oneIn(8) ? 8 : 3)
  let changed = input
  for (let i = 0; i < times; i++) changed = random.pick(MUTATIONS)(changed, material)
  return changed
}

/** The same bytes with a range replaced. */
function replaced(
  input: Uint8Array,
  [start, end]: readonly [number, number],
  by: Uint8Array,
): Uint8Array {
  return concat(input.subarray(0, start), by, input.subarray(end))
}

function rangeIn(input: Uint8Array, random: Random): readonly [number, number] {
  const start = random.below(input.length + 1)
  const longest = random.oneIn(4) ? input.length - start : Math.min(16, input.length - start)
  return [start, start + random.below(longest + 1)]
}

function flipBit(input: Uint8Array, { random }: Material): Uint8Array {
  if (input.length === 0) return input
  const at = random.below(input.length)
  return input.with(at, (input[at] ?? 0) ^ (1 << random.below(8)))
}

function setByte(input: Uint8Array, { random }: Material): Uint8Array {
  if (input.length === 0) return input
  return input.with(
    random.below(input.length),
    random.oneIn(2) ? random.pick(BYTES) : random.below(256),
  )
}

/** Lengths and counts stand in one, two or four bytes, big end first. */
function addToNumber(input: Uint8Array, { random }: Material): Uint8Array {
  const width = random.pick([1, 2, 4])
  if (input.length < width) return input
  const at = random.below(input.length - width + 1)
  const step = random.below(35) - 17
  let carry = step
  const bytes = Uint8Array.from(input)
  for (let i = at + width - 1; i >= at; i--) {
    carry += bytes[i] ?? 0
    bytes[i] = carry & 0xff
    carry >>= 8
  }
  return bytes
}

function remove(input: Uint8Array, { random }: Material): Uint8Array {
  return replaced(input, rangeIn(input, random), new Uint8Array())
}

function truncate(input: Uint8Array, { random }: Material): Uint8Array {
  return input.slice(0, random.below(input.length + 1))
}

function duplicate(input: Uint8Array, { random }: Material): Uint8Array {
  const [start, end] = rangeIn(input, random)
  const piece = input.subarray(start, end)
  const most = Math.ceil(GROWTH_BYTES_MAX / Math.max(1, piece.length))
  const copies = Array.from({ length: Math.min(most, random.pick(COPIES)) }, () => piece)
  return replaced(input, [end, end], concat(...copies))
}

function splice(input: Uint8Array, { other, random }: Material): Uint8Array {
  const [start, end] = rangeIn(other, random)
  const place = random.below(input.length + 1)
  const until = random.oneIn(2) ? place : Math.min(input.length, place + end - start)
  return replaced(input, [place, until], other.subarray(start, end))
}

function insertEdge(input: Uint8Array, { random }: Material): Uint8Array {
  const place = random.below(input.length + 1)
  return replaced(
    input,
    [place, Math.min(input.length, place + random.below(2))],
    random.pick(EDGES),
  )
}

function insertWord(input: Uint8Array, { random, words }: Material): Uint8Array {
  const [first, ...others] = words
  if (first === undefined) return input
  const range = rangeIn(input, random)
  return replaced(
    input,
    random.oneIn(2) ? [range[0], range[0]] : range,
    utf8(random.pick([first, ...others])),
  )
}

const DIGITS = /\d+/g

function replaceDigits(input: Uint8Array, { random }: Material): Uint8Array {
  const found = [...latin1(input).matchAll(DIGITS)]
  const match = found[random.below(found.length)]
  if (match === undefined) return input
  const range = [match.index, match.index + match[0].length] as const
  const near = String(Number(match[0]) + random.below(5) - 2)
  const spelled = random.pick([`0${match[0]}`, `+${match[0]}`, `${match[0]}.0`, `${match[0]}e0`])
  return replaced(input, range, utf8(random.pick([near, random.pick(NUMBERS), spelled])))
}

function swapLines(input: Uint8Array, { random }: Material): Uint8Array {
  const lines = latin1(input).split('\n')
  const [a, b] = [random.below(lines.length), random.below(lines.length)]
  const [first, second] = [lines[a] ?? '', lines[b] ?? '']
  return fromLatin1(lines.with(a, second).with(b, first).join('\n'))
}

function changeCase(input: Uint8Array, { random }: Material): Uint8Array {
  const at = random.below(input.length)
  const byte = input[at] ?? 0
  return /[A-Za-z]/.test(String.fromCharCode(byte)) ? input.with(at, byte ^ 0x20) : input
}

function nest(input: Uint8Array, { random }: Material): Uint8Array {
  const place = random.below(input.length + 1)
  const depth = random.pick([2, 15, 16, 17, 18, 200, 2000])
  return replaced(input, [place, place], utf8(random.pick(NESTS).repeat(depth)))
}
