import { Hono } from 'hono'
import { type ChallengePorts, issueChallenge } from '#service/issue-challenge.ts'
import type { Admission } from '#http/admission.ts'
import { readArmored } from '#http/body.ts'
import { problem } from '#http/problem.ts'

/** `POST /api/challenges`: an encrypted challenge for the owner of a certificate. Refusals are not reported, since customers come here. */
export function challengeRoutes(ports: ChallengePorts & { readonly admission: Admission }): Hono {
  const app = new Hono()
  app.post('/api/challenges', async (c) => {
    const purpose = c.req.query('purpose')
    const identifiable = c.req.query('identifiable') ?? 'false'
    if (
      (purpose !== 'officer' && purpose !== 'mailbox') ||
      !['false', 'true'].includes(identifiable)
    ) {
      return problem(c, {
        reason: 'request-malformed',
        detail: 'purpose is officer or mailbox',
      })
    }
    const armored = await readArmored(c)
    if (!armored.ok) return problem(c, armored.refusal)
    const request = {
      armored: armored.value,
      purpose,
      identifiable: identifiable === 'true',
    } as const
    return await ports.admission.through(c, 'challenges', async () => {
      const message = await issueChallenge(ports, request)
      return message.ok ? c.text(message.value) : problem(c, message.refusal)
    })
  })
  return app
}
