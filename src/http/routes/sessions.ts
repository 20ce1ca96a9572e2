import { type Context, Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { openSession, sessionNonce, type SessionPorts } from '#service/open-session.ts'
import { type Admission, ownedBy } from '#http/admission.ts'
import { readSealedAct } from '#http/body.ts'
import { problem } from '#http/problem.ts'
import { COOKIE, isSameOrigin, type ReaderPorts } from '#http/reader.ts'

/** `/api/session`: tokens that read, and upload ciphertext. Refusals are not reported, since customers come here. */
export function sessionRoutes(
  ports: ReaderPorts & SessionPorts & { readonly admission: Admission },
): Hono {
  const app = new Hono()

  app.get('/api/session/nonce', (c) => c.json({ nonce: sessionNonce(ports) }))

  app.post('/api/session', async (c) => {
    const asCookie = c.req.query('cookie') === '1'
    // Else a page elsewhere could sign a visitor in under its own name.
    if (asCookie && !isSameOrigin(ports.publicUrl, c)) {
      const detail = 'a cookie is given to pages of this server alone'
      return problem(c, { reason: 'request-malformed', detail })
    }
    const sealed = await readSealedAct(c)
    if (!sealed.ok) return problem(c, sealed.refusal)
    return await ports.admission.through(c, 'sessions', async () => {
      const session = await openSession(ports, sealed.value)
      if (!session.ok) return problem(c, session.refusal)
      const { expires, kind, name, token } = session.value
      ownedBy(c, `${kind}:${name}`, false)
      return asCookie ? inCookie(ports, c, session.value) : c.json({ expires, token })
    })
  })

  return app
}

function inCookie(
  ports: ReaderPorts,
  c: Context,
  session: { readonly expires: number; readonly token: string },
): Response {
  setCookie(c, COOKIE.name, session.token, {
    prefix: COOKIE.prefix,
    httpOnly: true,
    maxAge: session.expires - ports.clock.now(),
    path: '/',
    sameSite: 'Strict',
    secure: true,
  })
  return c.body(null, 204)
}
