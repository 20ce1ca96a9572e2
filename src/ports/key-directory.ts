import type { MailAddress } from '#core/mail-address.ts'

/**
 * Why a directory gave no answer. `address-refused`: its name leads into a private network. `malformed`: the answer is not certificates within
 * bounds.
 */
export type DirectoryFailure =
  | 'unreachable'
  | 'timeout'
  | 'address-refused'
  | 'too-large'
  | 'malformed'
  | 'status'

/** What a directory says of an address. Nothing of it is verified yet. */
export type Answer =
  | { readonly kind: 'certificates'; readonly certificates: readonly Uint8Array[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly reason: DirectoryFailure }

/** Where certificates of mail addresses are published. */
export interface KeyDirectory {
  /**
   * `wkd`: the domain of the address itself answers. `vks`: a server that asks each address whether a certificate is its own. `hkp`: a server
   * to which anybody uploads anything; it gives no key that was not known before.
   */
  readonly kind: 'wkd' | 'vks' | 'hkp'
  /** The name of the server; '' for `wkd`. */
  readonly host: string
  /** Asks once, in bounded time and for bounded bytes; follows no redirect. Tells the server which address is looked for. */
  find(address: MailAddress): Promise<Answer>
}
