import type { Author } from '#core/act.ts'
import { refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, midnightOf } from '#core/time.ts'
import { composeAct, signAct } from './act.ts'
import type { Api } from './http.ts'
import type { UnlockedKey } from './openpgp.ts'

/** Who opens a session, and what the act says beside the server's nonce. */
export interface SessionDraft {
  readonly by: Extract<Author, { readonly mailbox: string } | { readonly party: string }>
  readonly key: UnlockedKey
  readonly directory: string
  readonly origin: string
  /** POSIX seconds. */
  readonly now: number
  readonly nonce: Uint8Array
}

/** A session's token is good for this long at most; its act need not be good for longer than the day it is dated. */
const LIFETIME_SECONDS = 2 * DAY_SECONDS

/**
 * Opens a session: signs the server's nonce and gives a token that reads, and uploads ciphertext.
 *
 * Refuses what the server refuses, and `session-nonce-invalid` where its nonce is not one: nothing else is signed for it.
 */
export async function startSession(
  api: Api,
  draft: SessionDraft,
): Promise<Result<{ readonly token: string; readonly expires: number }>> {
  const served = await api.sessionNonce()
  if (!served.ok) return served
  const { by, directory, key, nonce, now, origin } = draft
  const body = { session: served.value }
  const payload = composeAct({
    type: 'session.open',
    body,
    by,
    directory,
    origin,
    now,
    nonce,
    lifetimeSeconds: LIFETIME_SECONDS,
  })
  const signature = await signAct(key, payload, key.isMailbox ? midnightOf(now) : now)
  if (!signature.ok) return refuse('session-nonce-invalid')
  return await api.openSession({ payload, signatures: [signature.value] })
}
