import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { concat, hex } from '#core/bytes.ts'
import { privateFolder } from '#agent/files.ts'

const NAME_BYTES = 16
const KEY_BYTES = 32
const RECORD_BYTES = NAME_BYTES + KEY_BYTES
/** After so many new keys the file is made durable: no more than these are computed again after a power cut. */
const SYNC_EVERY = 512
const IS_KEYS = /^keys-\d{4}-Q\d$/

/** The keys of a quarter, computed once. Whoever has the file can open the entries: it lies beside the files that hold codes and accounts. */
export interface KeyFile {
  find(password: Uint8Array): Uint8Array | undefined
  add(password: Uint8Array, key: Uint8Array): void
  close(): void
}

/** Opens the keys of a quarter, from wherever a killed process left them. Those of other quarters are removed. */
export function openKeyFile(folder: string, epoch: string): KeyFile {
  privateFolder(folder)
  const name = `keys-${epoch}`
  for (const other of readdirSync(folder))
    if (IS_KEYS.test(other) && other !== name) rmSync(join(folder, other))
  const path = join(folder, name)
  const bytes = existsSync(path) ? readFileSync(path) : new Uint8Array()
  const whole = bytes.length - (bytes.length % RECORD_BYTES)
  const keys = new Map<string, Uint8Array>()
  for (let at = 0; at < whole; at += RECORD_BYTES) {
    const key = Uint8Array.from(bytes.subarray(at + NAME_BYTES, at + RECORD_BYTES))
    keys.set(hex(bytes.subarray(at, at + NAME_BYTES)), key)
  }
  const file = openSync(path, 'a', 0o600)
  // What a killed process left half written would shift all that follows.
  ftruncateSync(file, whole)
  let fresh = 0
  return {
    find: (password) => keys.get(hex(nameOf(epoch, password))),
    add: (password, key) => {
      const record = nameOf(epoch, password)
      keys.set(hex(record), key)
      writeSync(file, concat(record, key))
      fresh += 1
      if (fresh % SYNC_EVERY === 0) fsyncSync(file)
    },
    close: () => {
      fsyncSync(file)
      closeSync(file)
    },
  }
}

function nameOf(epoch: string, password: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(`${epoch}\n`).update(password).digest()
  return Uint8Array.from(digest.subarray(0, NAME_BYTES))
}
