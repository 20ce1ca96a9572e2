/** An act with its signatures and the proof that its record stands in the log. */
export interface SealedRecord {
  /** Base64 of the exact payload. */
  readonly payload: string
  /** Armored signatures. */
  readonly signatures: readonly string[]
  /** A C2SP tlog-proof whose `extra` is the record's addendum. */
  readonly proof: string
}

/** One record of the governance chain with its act. */
export interface GovernanceLink {
  /** Base64 of salt and canonical record; its SHA-256 is the link's hash. */
  readonly addendum: string
  readonly payload: string
  readonly signatures: readonly string[]
}

/** An act as its mailbox signed it: enrolment first, then each rotation, oldest first. */
export interface MailboxLink {
  readonly payload: string
  readonly signatures: readonly string[]
}

/** Where a customer's line stands in the bundle that the act names. */
export interface LinePath {
  readonly count: number
  readonly index: number
  /** Hex hashes, the sibling of the line first. */
  readonly path: readonly string[]
}

/**
 * One file that proves, offline, who signed an act, under which roster, and that it stands in the log.
 *
 * `directory.chain` is left out for readers who pinned the chain up to `directory.head`.
 */
export interface Receipt {
  readonly act: SealedRecord
  /** For a notice that names one: the approval by which counsel counts as signed. */
  readonly approval?: SealedRecord
  readonly directory: {
    readonly chain?: readonly GovernanceLink[]
    readonly head: string
    /** Proof of the `directory.head` record. */
    readonly proof: string
  }
  readonly genesis: string
  readonly line?: LinePath
  /** For acts by a mailbox: how its key came to be. */
  readonly mailbox?: readonly MailboxLink[]
  readonly origin: string
  /** For a joint notice: the service act that released it. */
  readonly release?: SealedRecord
  /** Supports of a notice, as far as the log has them. */
  readonly supports: readonly SealedRecord[]
  readonly v: 1
}
