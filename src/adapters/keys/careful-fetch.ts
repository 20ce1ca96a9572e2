import { type LookupAddress, promises as dns } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { DirectoryFailure } from '#ports/key-directory.ts'
import { isPublicAddress } from './public-address.ts'

/** How a directory is reached; everything but the defaults is for tests. */
export interface Reach {
  /** All addresses of a name. @throws where there are none, with `code` ENOTFOUND or ENODATA. */
  readonly resolve: (host: string) => Promise<readonly LookupAddress[]>
  readonly isAllowed: (address: string) => boolean
  readonly port: number
  /** Trusted in the place of the system's authorities. */
  readonly authorities?: string
  readonly milliseconds: number
}

/** What a server sent: `nowhere` where its name does not exist. */
export type Fetched =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'failed'; readonly reason: DirectoryFailure }

const BYTES_MAX = 64 * 1024
const NO_SUCH_NAME: readonly unknown[] = ['ENOTFOUND', 'ENODATA']

/** The public network, by HTTPS. */
export const PUBLIC_REACH: Reach = {
  resolve: async (host) => await dns.lookup(host, { all: true }),
  isAllowed: isPublicAddress,
  port: 443,
  milliseconds: 5_000,
}

/**
 * Fetches a few bytes from a server whose name somebody else chose.
 *
 * All addresses of the name must be public, and the connection goes to one of those that were looked at, so that no second answer of a name
 * server leads elsewhere. TLS is verified, no redirect is followed, and nothing is sent but the path.
 */
export async function carefulFetch(
  target: { readonly host: string; readonly path: string },
  reach: Reach,
): Promise<Fetched> {
  const deadline = AbortSignal.timeout(reach.milliseconds)
  const addresses = await beforeDeadline(deadline, resolved(target.host, reach))
  if (addresses === undefined) return { kind: 'failed', reason: 'timeout' }
  if (!Array.isArray(addresses)) return addresses
  return await asked(target, reach, { addresses, deadline })
}

async function resolved(
  host: string,
  { isAllowed, resolve }: Reach,
): Promise<LookupAddress[] | Fetched> {
  try {
    const addresses = [...(await resolve(host))]
    if (addresses.length === 0) return { kind: 'nowhere' }
    return addresses.every(({ address }) => isAllowed(address))
      ? addresses
      : { kind: 'failed', reason: 'address-refused' }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return NO_SUCH_NAME.includes(code)
      ? { kind: 'nowhere' }
      : { kind: 'failed', reason: 'unreachable' }
  }
}

async function asked(
  { host, path }: { readonly host: string; readonly path: string },
  { authorities, port }: Reach,
  { addresses, deadline }: { readonly addresses: LookupAddress[]; readonly deadline: AbortSignal },
): Promise<Fetched> {
  const lookup: LookupFunction = (_, options, done) => {
    const [first] = addresses
    if (options.all === true) done(null, addresses)
    else done(null, first?.address ?? '', first?.family)
  }
  return await new Promise((resolve) => {
    const fail = (reason: DirectoryFailure): void => resolve({ kind: 'failed', reason })
    const asking = request(
      {
        host,
        port,
        path,
        lookup,
        servername: host,
        signal: deadline,
        agent: false,
        rejectUnauthorized: true,
        headers: { accept: '*/*', 'user-agent': 'dunant' },
        ...(authorities === undefined ? {} : { ca: authorities }),
      },
      (response) => {
        void collect(response, deadline).then(resolve)
      },
    )
    asking.on('error', () => fail(deadline.aborted ? 'timeout' : 'unreachable'))
    asking.end()
  })
}

async function collect(response: IncomingMessage, deadline: AbortSignal): Promise<Fetched> {
  const { statusCode } = response
  if (statusCode !== 200) {
    response.destroy()
    return statusCode === 404 ? { kind: 'absent' } : { kind: 'failed', reason: 'status' }
  }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response) {
      if (!(chunk instanceof Uint8Array)) break
      size += chunk.length
      if (size > BYTES_MAX) {
        response.destroy()
        return { kind: 'failed', reason: 'too-large' }
      }
      chunks.push(chunk)
    }
  } catch {
    return { kind: 'failed', reason: deadline.aborted ? 'timeout' : 'unreachable' }
  }
  return { kind: 'body', bytes: new Uint8Array(Buffer.concat(chunks)) }
}

async function beforeDeadline<T>(deadline: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return await Promise.race([
    work,
    new Promise<undefined>((resolve) => {
      deadline.addEventListener('abort', () => resolve(undefined), { once: true })
    }),
  ])
}
