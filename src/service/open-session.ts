import { authorOf } from '#core/act.ts'
import { hex, sameBytes, fromHex, utf8 } from '#core/bytes.ts'
import type { Reader } from '#core/decision.ts'
import { type Directory, ownerOf } from '#core/directory.ts'
import { hmacSha256, sha256Hex } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, dayOf, midnightOf } from '#core/time.ts'
import type { Storage } from '#ports/storage.ts'
import { authenticate } from './authenticate.ts'
import { loadSubjects } from './load-subjects.ts'
import type { SealedAct, SubmitActPorts } from './submit-act.ts'

/** A nonce is good for this long. */
const NONCE_SECONDS = 300
/** A token reads for this long; a customer's until a midnight, so that its row tells no hour. */
export const TOKEN_SECONDS = 12 * 3600

/** What opening and checking sessions needs. */
export type SessionPorts = SubmitActPorts

interface TokenState {
  readonly kind: 'mailbox' | 'party'
  readonly name: string
  /** Primary fingerprint of the certificate the token is bound to. */
  readonly fingerprint: string
  readonly expires: number
}

/** A session, and whose it is. */
export interface OpenedSession extends Pick<TokenState, 'kind' | 'name'> {
  readonly token: string
  /** POSIX seconds. */
  readonly expires: number
}

/** A nonce for a `session.open`: its time and its own proof that we made it, so nothing is stored. */
export function sessionNonce(ports: SessionPorts): string {
  const now = ports.clock.now().toString(16).padStart(12, '0')
  const random = hex(ports.random.bytes(16))
  return `${now}.${random}.${nonceProof(ports, `${now}.${random}`)}`
}

function nonceProof(ports: SessionPorts, text: string): string {
  return hex(hmacSha256(ports.challengeSecret, utf8(`dunant-session-v1\n${text}`)))
}

function isNonce(ports: SessionPorts, nonce: string): boolean {
  const [time = '', random = '', proof = '', ...rest] = nonce.split('.')
  if (rest.length > 0 || !/^[0-9a-f]{12}$/.test(time)) return false
  const again = hmacSha256(ports.challengeSecret, utf8(proof))
  const right = hmacSha256(ports.challengeSecret, utf8(nonceProof(ports, `${time}.${random}`)))
  const ageSeconds = ports.clock.now() - Number.parseInt(time, 16)
  return sameBytes(again, right) && ageSeconds >= 0 && ageSeconds <= NONCE_SECONDS
}

/**
 * Opens a session for whoever signed a `session.open` over our nonce: a token that only reads, and uploads ciphertext.
 *
 * The act is neither stored nor logged; of the token and of the nonce only their hashes are, so that a nonce is good once. Refuses `session-nonce-invalid` and what `authenticate` refuses.
 */
export async function openSession(
  ports: SessionPorts,
  sealed: SealedAct,
): Promise<Result<OpenedSession>> {
  const parsed = ports.acts.parse(sealed.payload)
  if (!parsed.ok) return parsed
  const { act } = parsed.value
  const [signature, ...more] = sealed.signatures
  if (act.type !== 'session.open')
    return refuse('act-type-unknown', 'only session.open opens a session')
  if (signature === undefined || more.length > 0) return refuse('signature-count-wrong')
  if (act.origin !== ports.origin) return refuse('act-origin-wrong')
  if (!isNonce(ports, act.body.session)) return refuse('session-nonce-invalid')
  const directory = await ports.directory.current()
  const { kind, name } = authorOf(act.by)
  if (kind !== 'mailbox' && kind !== 'party') return refuse('act-author-kind-wrong')
  const subjects = await loadSubjects(ports.storage, () =>
    kind === 'mailbox' ? [{ kind: 'mailbox', id: name }] : [],
  )
  const context = {
    crypto: ports.crypto,
    directory,
    subjects,
    certificates: new Map(),
    now: ports.clock.now(),
  }
  const signer = await authenticate(context, parsed.value, signature)
  if (!signer.ok) return signer
  if (kind === 'party' && signer.value.party !== name) return refuse('signer-not-author')
  if (subjects.get('mailbox', name)?.closed === true) return refuse('signature-not-accepted')
  const { fingerprint } = signer.value.verified
  return await keepToken(ports, { kind, name, fingerprint }, act.body.session)
}

/**
 * Keeps the token, and in the same commit the nonce: of several who show one, to whichever process, a single one gets a token.
 *
 * Nothing is kept of a nonce that no good signature came with.
 */
async function keepToken(
  ports: SessionPorts,
  owner: Omit<TokenState, 'expires'>,
  nonce: string,
): Promise<Result<OpenedSession>> {
  const end = ports.clock.now() + TOKEN_SECONDS
  const expires = owner.kind === 'party' ? end : midnightOf(end) + DAY_SECONDS
  const token = hex(ports.random.bytes(32))
  const state: TokenState = { ...owner, expires }
  const write = {
    kind: 'token',
    id: tokenId(token),
    expected: 0,
    state: JSON.stringify(state),
    tag: dayOf(expires),
  }
  // Gone with the tokens of its day, long after the nonce itself has run out.
  const used = { ...write, kind: 'nonce', id: sha256Hex(utf8(nonce)), state: '{}' }
  const outcome = await ports.storage.commit({
    guards: [],
    subjects: [write, used],
    acts: [],
    signatures: [],
    records: [],
  })
  const { kind, name } = owner
  return outcome === 'committed'
    ? accept({ token, expires, kind, name })
    : refuse('session-nonce-invalid', 'the nonce was used')
}

function tokenId(token: string): string {
  return sha256Hex(fromHex(token) ?? utf8(token))
}

/**
 * Tells who a token reads for. A token ends with its certificate: a retired officer's and a closed or rotated mailbox's are `session-missing`.
 */
export async function readerOf(
  ports: Pick<SessionPorts, 'clock' | 'directory' | 'storage'>,
  token: string,
): Promise<Result<Reader>> {
  const state = await tokenState(ports.storage, token)
  if (state === undefined || state.expires <= ports.clock.now()) return refuse('session-missing')
  if (state.kind === 'mailbox') {
    const mailbox = (
      await loadSubjects(ports.storage, () => [{ kind: 'mailbox', id: state.name }])
    ).get('mailbox', state.name)
    const stands =
      mailbox !== undefined && !mailbox.closed && mailbox.fingerprint === state.fingerprint
    return stands
      ? accept({ kind: 'mailbox', id: state.name, fingerprint: state.fingerprint })
      : refuse('session-missing')
  }
  return isOfficer(await ports.directory.current(), state)
    ? accept({ kind: 'party', domain: state.name, fingerprint: state.fingerprint })
    : refuse('session-missing')
}

async function tokenState(storage: Storage, token: string): Promise<TokenState | undefined> {
  if (!/^[0-9a-f]{64}$/.test(token)) return undefined
  const [row] = await storage.readSubjects([{ kind: 'token', id: tokenId(token) }])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return row?.state === undefined ? undefined : (JSON.parse(row.state) as TokenState)
}

function isOfficer(directory: Directory, state: TokenState): boolean {
  const owner = ownerOf(directory, state.fingerprint)
  return (
    owner?.party.domain === state.name &&
    owner.party.status === 'active' &&
    owner.officer.status === 'active'
  )
}
