import type { ActBodies, ActType } from './act-bodies.ts'

/** An act's payload is at most this long. */
export const ACT_BYTES_MAX = 64 * 1024
/** `expires` is at most this many seconds after `at`. */
export const ACT_LIFETIME_SECONDS_MAX = 30 * 86_400
/** The `directory` of the charter, and the `prev` of its record. */
export const NO_HEAD = '0'.repeat(64)

/** Who an act is by. A key speaks for itself only while enrolling or asking for help. */
export type Author =
  | { readonly party: string }
  | { readonly mailbox: string }
  | { readonly key: string }
  | { readonly service: string }

/** What kind of author an act names. */
export type AuthorKind = 'party' | 'mailbox' | 'key' | 'service'

interface ActShape<T extends ActType> {
  /** `2026-11-23T10:00:00Z`. */
  readonly at: string
  readonly body: ActBodies[T]
  readonly by: Author
  /** Hash of the governance record that was the head for its author. */
  readonly directory: string
  readonly expires: string
  readonly nonce: string
  readonly origin: string
  readonly type: T
  readonly v: 1
}

/** The payload of some act types, as parsed from canonical bytes: a union told apart by `type`. */
export type ActOf<T extends ActType> = { [K in T]: ActShape<K> }[T]

/** The payload of any act type. */
export type Act = ActOf<ActType>

/** An act with the bytes it was parsed from and what follows from them alone. */
export interface ParsedAct<T extends Act = Act> {
  readonly act: T
  /** Lower-case hex SHA-256 of `payload`. */
  readonly id: string
  readonly payload: Uint8Array
  /** POSIX seconds of `at` and `expires`. */
  readonly at: number
  readonly expires: number
}

/** Which kind of author an act names, and its name. */
export function authorOf(by: Author): { readonly kind: AuthorKind; readonly name: string } {
  if ('party' in by) return { kind: 'party', name: by.party }
  if ('mailbox' in by) return { kind: 'mailbox', name: by.mailbox }
  if ('key' in by) return { kind: 'key', name: by.key }
  return { kind: 'service', name: by.service }
}
