import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Reader } from '#core/decision.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { readerOf, type SessionPorts } from '#service/open-session.ts'
import { ownedBy, ownerOfReader } from './admission.ts'
import { leaveUnmeasured } from './measure.ts'

/** The cookie `__Host-dunant`. */
export const COOKIE = { name: 'dunant', prefix: 'host' } as const

/** What telling readers apart needs. */
export type ReaderPorts = Pick<SessionPorts, 'clock' | 'directory' | 'storage'> & {
  readonly publicUrl?: string
}

/**
 * Tells who asks: the owner of the bearer token, else of the cookie, else the public.
 *
 * A token that is not valid is refused with `session-missing`: whoever shows one means to be known. On anything but GET and HEAD a
 * cookie counts only where the request comes from our own page.
 */
export async function requestReader(ports: ReaderPorts, c: Context): Promise<Result<Reader>> {
  const reader = await findReader(ports, c)
  if (reader.ok && reader.value.kind === 'mailbox') leaveUnmeasured(c)
  const owner = reader.ok ? ownerOfReader(reader.value) : undefined
  if (owner !== undefined) ownedBy(c, owner, true)
  return reader
}

async function findReader(ports: ReaderPorts, c: Context): Promise<Result<Reader>> {
  const authorization = c.req.header('Authorization')
  if (authorization !== undefined) {
    const token = /^Bearer +([0-9a-f]{64})$/i.exec(authorization)?.[1]
    return token === undefined ? refuse('session-missing') : await readerOf(ports, token)
  }
  const cookie = getCookie(c, COOKIE.name, COOKIE.prefix)
  if (cookie === undefined) return accept({ kind: 'public' })
  const isSafe = c.req.method === 'GET' || c.req.method === 'HEAD'
  return isSafe || isSameOrigin(ports.publicUrl, c)
    ? await readerOf(ports, cookie)
    : refuse('session-missing')
}

/** As `requestReader`, for officers of parties alone. Refuses `session-missing`, and `signer-not-entitled` to mailboxes. */
export async function requireParty(ports: ReaderPorts, c: Context): Promise<Result<string>> {
  const reader = await requestReader(ports, c)
  if (!reader.ok) return reader
  if (reader.value.kind === 'public') return refuse('session-missing')
  return reader.value.kind === 'party' ? accept(reader.value.domain) : refuse('signer-not-entitled')
}

/** As `requestReader`, where the public reads nothing. */
export async function requireReader(ports: ReaderPorts, c: Context): Promise<Result<Reader>> {
  const reader = await requestReader(ports, c)
  return reader.ok && reader.value.kind === 'public' ? refuse('session-missing') : reader
}

/**
 * Tells whether a browser made the request from our own page.
 *
 * Browsers say it in Sec-Fetch-Site, older ones in Origin. Where our own address was not configured, the host that the request was
 * sent to stands for it: a page elsewhere cannot choose that.
 */
export function isSameOrigin(publicUrl: string | undefined, c: Context): boolean {
  const site = c.req.header('Sec-Fetch-Site')
  if (site !== undefined) return site === 'same-origin'
  const origin = c.req.header('Origin')
  if (origin === undefined) return false
  if (publicUrl !== undefined) return origin === new URL(publicUrl).origin
  return origin.replace(/^https?:\/\//, '') === new URL(c.req.url).host
}
