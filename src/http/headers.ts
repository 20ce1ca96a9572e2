import type { Context, MiddlewareHandler } from 'hono'

/** What anybody may fetch from a page of another origin, so as to verify it there. */
const PUBLIC =
  /^\/(?:log|keys|problems)\/|^\/api\/(?:directory|openapi\.json|checks(?:\/lists\/.*)?|fakes|templates\/.*)$|^\/\.well-known\/openpgpkey\//
/** A year: the longest that caches are asked to keep anything. */
const IMMUTABLE_SECONDS = 31_536_000
const TRANSPORT_SECONDS = 63_072_000

/**
 * Sets the headers of every answer, errors included: no scripts, no guessing of types, no referrer, and nothing is kept by caches
 * unless its route says so.
 *
 * They are set before the route runs, because to change them on a finished answer costs as much as the rest of a short request.
 *
 * @param publicUrl where the server is reached; behind `https:` browsers are told to stay with it
 */
export function answerHeaders(publicUrl: string | undefined): MiddlewareHandler {
  const isSecure = publicUrl?.startsWith('https:') === true
  return async (c, next) => {
    const isPublic = PUBLIC.test(c.req.path) && ['GET', 'HEAD'].includes(c.req.method)
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
    c.header('Cross-Origin-Opener-Policy', 'same-origin')
    c.header('Cross-Origin-Resource-Policy', isPublic ? 'cross-origin' : 'same-origin')
    if (isPublic) c.header('Access-Control-Allow-Origin', '*')
    if (isSecure) c.header('Strict-Transport-Security', `max-age=${String(TRANSPORT_SECONDS)}`)
    c.header('Cache-Control', 'no-store')
    await next()
  }
}

/** Lets caches keep what can never change under its address. */
export function keepForever(c: Context): void {
  c.header('Cache-Control', `public, max-age=${String(IMMUTABLE_SECONDS)}, immutable`)
}

/** Lets caches keep what everybody sees alike, for so many seconds. */
export function keepFor(c: Context, seconds: number): void {
  c.header('Cache-Control', `public, max-age=${String(seconds)}`)
}
