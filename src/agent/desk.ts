import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contact } from './contact.ts'
import { privateFolder, writeWhole } from './files.ts'
import type { HoldClock } from './hold-clock.ts'
import { type Lock, takeLock } from './lock.ts'
import type { Vault } from './vault.ts'

const LOCK_WAIT_MS = 10_000

/** What a company's security desk keeps beside its notices, by kind. */
export interface DeskRecords {
  readonly contact: Contact
  readonly hold: HoldClock
}
/** A kind of record. */
export type DeskKind = keyof DeskRecords

/** The records of a desk. Names are organisations' and cases', so that neither name nor content stands on the disk in clear. */
export interface Desk {
  read<K extends DeskKind>(kind: K, name: string): DeskRecords[K] | undefined
  /** Whole and durable when it returns. */
  write<K extends DeskKind>(kind: K, name: string, record: DeskRecords[K]): void
  /** In the order of their names. */
  list<K extends DeskKind>(kind: K): readonly DeskRecords[K][]
}

/**
 * Runs some work on the desk in an agent's folder, which nobody else changes meanwhile; the agent itself may run.
 *
 * @throws Busy where another process works on it.
 */
export async function withDesk<T>(
  { home, vault }: { readonly home: string; readonly vault: Vault },
  work: (desk: Desk) => Promise<T>,
): Promise<T> {
  const folder = join(home, 'desk')
  privateFolder(folder)
  const lock: Lock = await takeLock(join(folder, 'lock'), LOCK_WAIT_MS)
  try {
    return await work(openDesk(folder, vault))
  } finally {
    lock.release()
  }
}

function openDesk(folder: string, vault: Vault): Desk {
  const open = <K extends DeskKind>(kind: K, file: string): DeskRecords[K] => {
    const text = vault.open(readFileSync(join(folder, file), 'utf8'), `desk ${file}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written below, and the vault opens nothing else at this place
    return JSON.parse(text) as DeskRecords[typeof kind]
  }
  const fileOf = (kind: DeskKind, name: string): string =>
    `${kind}-${vault.tag('event', `desk ${kind} ${name}`)}.sealed`
  return {
    read: (kind, name) => {
      const file = fileOf(kind, name)
      return existsSync(join(folder, file)) ? open(kind, file) : undefined
    },
    write: (kind, name, record) => {
      const file = fileOf(kind, name)
      writeWhole(join(folder, file), vault.seal(JSON.stringify(record), `desk ${file}`))
    },
    list: (kind) =>
      readdirSync(folder)
        .filter((file) => file.startsWith(`${kind}-`) && file.endsWith('.sealed'))
        .map((file) => open(kind, file))
        .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
  }
}

function nameOf(record: DeskRecords[DeskKind]): string {
  return 'organisation' in record ? record.organisation : record.name
}

/** What a file proves with: its SHA-256, in hex. */
export function proofOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
