/** One mail as the submission server is given it. */
export interface OutgoingMail {
  /** Where reports of failure go: an address of its own for each mail. */
  readonly returnPath: string
  readonly to: string
  /** The whole message: 7-bit lines ending with CRLF. */
  readonly message: Uint8Array
  /**
   * Asked when the server waits for the mail, last of all: a mail may stand in line for as long as a slow server takes for those before it.
   * Never rejects.
   */
  readonly isWanted: () => Promise<boolean>
}

/** What keeps the submission server as a whole from taking mail; it speaks against no single mail. */
export type ServerTrouble =
  | 'unreachable'
  | 'timeout'
  /** Its certificate is not one that we trust, or is for another name. */
  | 'certificate-wrong'
  /** It offers no TLS: nothing is sent then. */
  | 'tls-missing'
  | 'credentials-refused'
  /** It takes no mail from our own address. */
  | 'sender-refused'
  /** It answers that it is busy, or something that is not SMTP. */
  | 'busy'

/**
 * What became of one attempt.
 *
 * `accepted`: the server said that it has the mail. Whether it delivers or drops it cannot be seen from here; only its reports tell.
 * `deferred`: come back later (greylisting, a full mailbox, a connection that ended before the answer, after which the server may or may not
 * have the mail). `withdrawn`: it was not wanted any more, and nothing of it was sent. `refused`: it never will; `isAddressBad` where the status says that there is no such recipient (RFC 3463 x.1.1 and alike).
 * `trouble`: see `ServerTrouble`; the mail was not tried.
 */
export type MailOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'deferred'; readonly reason: 'recipient' | 'message' | 'connection-lost' }
  | {
      readonly kind: 'refused'
      readonly reason: 'recipient' | 'message'
      readonly isAddressBad: boolean
    }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'trouble'; readonly trouble: ServerTrouble }

/** Hands mail to the member's submission server. */
export interface Mailer {
  /** How many mails it hands over at once; more wait in line. */
  readonly atOnce: number
  /** Tries once, in bounded time. Never throws for what a server does. */
  send(mail: OutgoingMail): Promise<MailOutcome>
  /** Ends idle connections; what is under way is cut. */
  close(): Promise<void>
}
