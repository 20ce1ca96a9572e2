import { fromHex, utf8 } from '#core/bytes.ts'
import type { Result } from '#core/result.ts'

/** The value of a result that a test counts on. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok)
    throw new Error(`refused: ${result.refusal.reason} ${result.refusal.detail ?? ''}`)
  return result.value
}

/** The reason of a refusal that a test counts on; `accepted` where there was none. */
export function reasonOf(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.refusal.reason
}

/** Numbers that are no index and no size. */
export const NOT_COUNTS = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 60]

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error('no such item')
  return item
}

export function bytesOf(text: string): Uint8Array {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error('not hex')
  return bytes
}

/** Some consecutive bytes, such as 00..1f: the secret seeds of the example. */
export function consecutive(first: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => first + i)
}

/** Three entries, one log and one witness, as programs of the transparency-dev project verified them. */
export const EXAMPLE = {
  log: { name: 'log.example/v1', seed: consecutive(0x00) },
  witness: { name: 'witness.example/w1', seed: consecutive(0x20) },
  logVkey: 'log.example/v1+5a662682+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4',
  witnessVkey: 'witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X',
  salt: new Uint8Array(32).fill(2),
  record: utf8('{"act":"delivery"}'),
  entry: '3f4c438645e27c02baf321d7f48a927004460ec7a95dd8b2e5974ae2559744d00000000001',
  leafHash: '9479ec4fa3647733d4b818320157d547f72eadaf87ab8dd35db585cc9837937d',
  /** The leaf hashes of the two other entries, which the proof of the middle one names. */
  leafHash0: 'NzwTmqIxeBFFfIlqWjW10k1x8kBOy0Jsq+2cZxi+tfQ=',
  leafHash2: 'Oe5gAHqMVNXhrCVgZshnam7cblbHi9dqIcenol1W5i4=',
  root: 'H6RedA57Vcjec0g6DhE9r+2KyxcAFFYM6VFhDKniCbk=',
  timeSeconds: 0x6b047604,
} as const

export const CHECKPOINT_TEXT = `${EXAMPLE.log.name}\n3\n${EXAMPLE.root}\n`

export const LOG_LINE =
  '— log.example/v1 WmYmgg7oI3DhkL9iCJgdQN6CxawdOhYoJySkwh62dfvyYF0G3+UElqGV2uKUCbWX3AQ/kWnKRoD5gipFCch2BdSehQ0='

export const WITNESS_LINE =
  '— witness.example/w1 IDJKvgAAAABrBHYEXGPWdXGVJ6P0WHntq8TxFtVkBPK2hduRoitmSro7pVwA52QEFB7iGC0GS6iR8n5TeM79MfmOR2qrTCtweZD8Cw=='

export const CHECKPOINT_NOTE = `${CHECKPOINT_TEXT}\n${LOG_LINE}\n${WITNESS_LINE}\n`

export const PROOF_FILE = `c2sp.org/tlog-proof@v1
extra AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgJ7ImFjdCI6ImRlbGl2ZXJ5In0=
index 1
${EXAMPLE.leafHash0}
${EXAMPLE.leafHash2}

${CHECKPOINT_NOTE}`
