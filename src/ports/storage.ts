/** What kinds of versioned things a decision may read and change. */
export type SubjectKind = string

/** Names one versioned thing. */
export interface SubjectRef {
  readonly kind: SubjectKind
  readonly id: string
}

/** A subject as it stands; `version` 0 and `state` undefined mean that it does not exist. */
export interface Subject extends SubjectRef {
  readonly version: number
  /** JSON text, written by our own code alone. */
  readonly state: string | undefined
}

/** Sets a subject's state. It must have `expected` as its version (0: must not exist) and has `expected + 1` afterwards. */
export interface SubjectWrite extends SubjectRef {
  readonly expected: number
  /** JSON text; `undefined` deletes the subject. */
  readonly state: string | undefined
  /** What `listSubjects` finds it by; absent where nobody lists it. */
  readonly tag?: string
}

/** A subject whose version a decision relied on without changing it. */
export interface SubjectGuard extends SubjectRef {
  readonly version: number
}

/** An accepted act: the exact bytes, kept for ever unless erased. */
export interface ActRow {
  /** 64 hex digits: SHA-256 of the payload. */
  readonly id: string
  readonly type: string
  readonly payload: Uint8Array
}

/** One accepted signature of an act. */
export interface SignatureRow {
  readonly act: string
  /** SHA-256 of the signature packet, 64 hex digits. */
  readonly packetHash: string
  /** The binary signature packet. */
  readonly packet: Uint8Array
  /** Primary fingerprint of the signing certificate. */
  readonly fingerprint: string
  /** The party whose officer signed, or '' for mailboxes, keys and the service. */
  readonly party: string
  /** POSIX seconds. */
  readonly createdAt: number
}

/** A record that waits to become, or is, a leaf of the log. */
export interface LogRecord {
  /** 32 hex digits: time-ordered, or wholly random where `hold` is set, so that rows do not tell an order. */
  readonly id: string
  /** The act it speaks of, or '' for records of the log itself (`directory.head`). */
  readonly act: string
  readonly event: string
  /** 32-byte salt and canonical record. */
  readonly addendum: Uint8Array
  /** Whether anybody may have the addendum. */
  readonly isPublic: boolean
  /** Position in the governance chain, from 0; absent for records outside it. */
  readonly chain?: number
  /** A UTC day (`2026-11-23`): enters the log in the shuffled batch after that day ended. */
  readonly hold?: string
  /** Whether the batch that holds it must end with a `directory.head` record. */
  readonly needsHead: boolean
}

/** A record with its place in the log; `leafIndex` is undefined while it waits. */
export interface LoggedRecord extends LogRecord {
  readonly leafIndex: number | undefined
}

/** All that one decision changes: it is applied whole or not at all. */
export interface Commit {
  readonly guards: readonly SubjectGuard[]
  readonly subjects: readonly SubjectWrite[]
  readonly acts: readonly ActRow[]
  readonly signatures: readonly SignatureRow[]
  readonly records: readonly LogRecord[]
}

/** `conflict`: a version had changed or an id existed; nothing was written, the caller reads and decides again. */
export type CommitOutcome = 'committed' | 'conflict'

/** A committed state of the log's tree. */
export interface LogHead {
  readonly size: number
  /** 64 hex digits. */
  readonly root: string
  /** Hex of the frontier's hashes, largest subtree first. */
  readonly frontier: string
  /** Hash of the last governance record among the leaves, or '' before the charter. */
  readonly directoryHead: string
  /** Governance records among the leaves. */
  readonly directoryLength: number
}

/** A batch of leaves appended on top of one head. */
export interface LogAppend {
  /** Compare-and-swap: the newest head must have this size. */
  readonly expectedSize: number
  readonly head: LogHead
  /** Records that become leaves, in leaf order from `expectedSize`. */
  readonly leaves: readonly {
    readonly recordId: string
    readonly leafIndex: number
    readonly entry: Uint8Array
    readonly leafHash: Uint8Array
  }[]
  /** Records that come into being with this batch (`directory.head`); they appear in `leaves` too. */
  readonly newRecords: readonly LogRecord[]
  /** Tile hashes of level 1 and above. */
  readonly nodes: readonly {
    readonly level: number
    readonly index: number
    readonly hash: Uint8Array
  }[]
}

/** A page of a listing: at most `limit` subjects whose id is greater than `after`, ordered by id. */
export interface SubjectPage {
  readonly kind: SubjectKind
  readonly tag: string
  readonly after: string
  readonly limit: number
}

/**
 * Everything durable except large ciphertext.
 *
 * Every method is one atomic act; a write is durable (survives `kill -9` and power loss) when it resolves.
 *
 * @throws Unavailable (from every method) when the engine failed; whether a failed write persisted is unknown, and repeating it is safe.
 */
export interface Storage {
  /** Reads some subjects as of one moment; absent ones have version 0. At most 100. */
  readSubjects(refs: readonly SubjectRef[]): Promise<readonly Subject[]>
  listSubjects(page: SubjectPage): Promise<readonly Subject[]>
  /** Applies a decision whole, if every guarded and written subject still has the version named and no act, signature or record exists already. */
  commit(commit: Commit): Promise<CommitOutcome>
  findAct(id: string): Promise<ActRow | undefined>
  /** Acts in ascending order of id; unknown ids are left out. At most 100. */
  findActs(ids: readonly string[]): Promise<readonly ActRow[]>
  /** Signatures in order of arrival by `createdAt`, then packet hash. */
  signaturesOf(act: string): Promise<readonly SignatureRow[]>
  recordsOf(act: string): Promise<readonly LoggedRecord[]>

  /** The governance chain from position `from` on, in order, at most `limit`. */
  governance(from: number, limit: number): Promise<readonly LoggedRecord[]>
  /** Records that wait for the log: governance in chain order first, the others by id; held ones only when `hold` < `today`. At most `limit`. */
  pendingRecords(today: string, limit: number): Promise<readonly LoggedRecord[]>
  logHead(): Promise<LogHead | undefined>
  appendLog(append: LogAppend): Promise<CommitOutcome>
  /** Leaf hashes of [from, to), concatenated: 32 bytes each, fewer where the log ends. */
  leafHashes(from: number, to: number): Promise<Uint8Array>
  /** Tile hashes of a level >= 1 of [from, to), concatenated. */
  nodeHashes(level: number, from: number, to: number): Promise<Uint8Array>
  /** Log entries of [from, to), in order. */
  entries(from: number, to: number): Promise<readonly Uint8Array[]>
  /** The last sequenced record of an event with a leaf index below `size`. */
  lastRecord(event: string, size: number): Promise<LoggedRecord | undefined>
  /** The addendum of a public, sequenced record by its SHA-256 (64 hex digits). */
  publicAddendum(digest: string): Promise<Uint8Array | undefined>
  /**
   * Keeps a signed checkpoint. A later note for the same size replaces an earlier one, unless that has more cosignatures.
   *
   * @param cosigned how many distinct witnesses cosigned it, 0 where it is left out
   */
  saveCheckpoint(size: number, note: string, cosigned?: number): Promise<void>
  /**
   * The checkpoint of the greatest size.
   *
   * @param cosigned among those that at least so many witnesses cosigned: 0 where it is left out, which all are
   * @param sizeMax among those of at most so many leaves; of any where it is left out
   */
  latestCheckpoint(
    cosigned?: number,
    sizeMax?: number,
  ): Promise<{ readonly size: number; readonly note: string } | undefined>
  /** Writes as durably as everything else, and leaves nothing behind: a disk that is full, or lets nothing be written, still reads. */
  probe(): Promise<void>
  close(): Promise<void>
}

/** The engine failed: 503 to the client, and repeating the request is safe. */
export class Unavailable extends Error {
  override readonly name: string = 'Unavailable'
}

/** Why nothing is written: a witness has proved that the log was forked, or too few tell whether they have seen more of it. */
export type StopReason = 'log-contradicted' | 'witnesses-silent'

/** Nothing may be written until somebody has acted. The message begins with the reason, says who has to do what, and may be shown to all. */
export class WritesStopped extends Unavailable {
  override readonly name = 'WritesStopped'
  readonly reason: StopReason

  constructor(reason: StopReason, detail: string) {
    super(`${reason}: ${detail}`)
    this.reason = reason
  }
}

/** A newer version of the program has changed the database: this one leaves it alone, and touches nothing of it. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew'
}
