import type { ParsedAct } from '#core/act.ts'
import { type Directory, emptyDirectory, withRecord } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import { splitAddendum } from '#core/log/leaf.ts'
import { decideGovernance, isGovernance } from '#core/party.ts'
import { readActRecord } from '#core/record.ts'
import { refuse, type Result } from '#core/result.ts'
import type { ActReader } from '#ports/acts.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { LoggedRecord, Storage } from '#ports/storage.ts'
import { inspectCertificates } from './inspect-certificates.ts'

/** The subject whose version is the length of the governance chain: every decision names it. */
export const DIRECTORY_SUBJECT = { kind: 'directory', id: 'head' } as const

const PAGE = 200

/** Gives the directory as it stands now. */
export interface DirectoryReader {
  /** Holds every record that was committed before the call. */
  current(): Promise<Directory>
}

/** What replaying the stored chain needs. */
export interface DirectoryPorts {
  readonly acts: ActReader
  readonly crypto: ServiceCrypto
  readonly storage: Storage
  readonly origin: string
}

/**
 * Keeps the directory in memory and brings it up to date at each call by the records that are new.
 *
 * Signatures were checked before the records were stored, so replaying here only repeats the decisions.
 */
export function openDirectory(ports: DirectoryPorts): DirectoryReader {
  let known = emptyDirectory(ports.origin)
  let running: Promise<Directory> | undefined
  let next: Promise<Directory> | undefined
  const refresh = async (): Promise<Directory> => {
    const [subject] = await ports.storage.readSubjects([DIRECTORY_SUBJECT])
    while (known.chain.length < (subject?.version ?? 0)) {
      const records = await ports.storage.governance(known.chain.length, PAGE)
      if (records.length === 0) throw new Error('the governance chain is shorter than its version')
      for (const record of records) known = await replay(ports, known, record)
    }
    return known
  }
  const start = async (before: Promise<Directory> | undefined): Promise<Directory> => {
    await before?.catch(() => undefined)
    // Nothing has been read so far: all who called until now are served by this run.
    next = undefined
    running = refresh()
    return await running
  }
  return {
    current: async () => {
      next ??= start(running)
      return await next
    },
  }
}

/**
 * Tells which log key the charter names after so many governance records, for the sequencer. The chain is read only where it has grown.
 */
export function openLogKeys(
  directory: DirectoryReader,
): (links: number) => Promise<string | undefined> {
  let known: { links: number; logKey: string | undefined } = { links: 0, logKey: undefined }
  return async (links) => {
    if (known.links !== links)
      known = { links, logKey: (await directory.current()).chain[links - 1]?.logKey }
    return known.logKey
  }
}

async function replay(
  ports: DirectoryPorts,
  directory: Directory,
  logged: LoggedRecord,
): Promise<Directory> {
  const row = await ports.storage.findAct(logged.act)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  const record = readActRecord(splitRecord(logged.addendum))
  if (parsed?.ok !== true || !record.ok)
    throw new Error(`governance record ${String(logged.chain)} cannot be read`)
  const next = await enact(ports.crypto, directory, parsed.value)
  if (!next.ok)
    throw new Error(`governance record ${String(logged.chain)} is refused: ${next.refusal.reason}`)
  return withRecord(next.value, { hash: sha256Hex(logged.addendum), day: record.value.day })
}

function splitRecord(addendum: Uint8Array): Uint8Array {
  const split = splitAddendum(addendum)
  if (!split.ok) throw new Error('a stored addendum is too short')
  return split.value.record
}

async function enact(
  crypto: ServiceCrypto,
  directory: Directory,
  parsed: ParsedAct,
): Promise<Result<Directory>> {
  if (!isGovernance(parsed.act)) return refuse('directory-broken')
  const inspected = await inspectCertificates(crypto, parsed.act, undefined)
  if (!inspected.ok) return inspected
  return decideGovernance(directory, parsed.act, {
    id: parsed.id,
    certificates: inspected.value,
    recoveryDue: true,
  })
}
