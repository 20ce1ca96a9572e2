import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signAct } from '#client/act.ts'
import { composeEnrolment } from '#client/mailbox.ts'
import { answerChallenge } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { hex } from '#core/bytes.ts'
import { parseLine } from '#core/bundle.ts'
import { headOf } from '#core/directory.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import { writeArmor } from '#core/packets.ts'
import type { Result } from '#core/result.ts'
import { midnightOf } from '#core/time.ts'
import { type Coalition, type Customer, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { fileNotice, foundWithTemplate, recipientOf } from '#test/helpers/filing.ts'
import { type Lie, lyingServer, reach } from '#test/helpers/liar.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'

// A challenge is the one thing that a client decrypts for a server. An operator who holds somebody's notice would like it to be this one.

/** A sentence of the notice that only its reader may see. */
const SECRET = 'Two sign-ins from a country in which you have never been.'
const ANSWER = 'ab'.repeat(32)

let coalition: Coalition
let anna: Customer
/** Anna's notice as the server holds it. */
let notice: Uint8Array

beforeAll(async () => {
  coalition = await foundWithTemplate()
  anna = await coalition.enrol('anna')
  const { composed } = await fileNotice(coalition, threeOf(coalition).contoso, [
    recipientOf('anna@contoso.example', anna),
  ])
  const [line] = composed.lines.flatMap((text) => {
    const parsed = accepted(parseLine(text))
    return parsed.kind === 'mailbox' ? [parsed.message] : []
  })
  if (line === undefined) throw new Error('there is no mailbox line')
  notice = line
})
afterAll(async () => {
  await coalition.close()
})

/** The operator's own message in the place of a challenge. */
function challenging(message: string): Lie {
  return { about: /^\/api\/challenges/, tell: () => new Response(message) }
}

/** Has Anna's client enrol a second mailbox with her key, as far as it goes; gives what it sent. */
async function enrolAgain(
  ...lies: readonly Lie[]
): Promise<{ readonly outcome: Result<unknown>; readonly sent: readonly string[] }> {
  const sent: string[] = []
  const api = reach(lyingServer(coalition, ...lies), { sent: (request) => sent.push(request) })
  const invitation = hex(systemRandom(32))
  const { contoso } = threeOf(coalition)
  idOf(await coalition.submit('mailbox.invite', { tokens: [tokenHash(invitation)] }, contoso))
  const { certificateBytes: certificate, key } = anna
  const { fingerprint } = key
  const message = accepted(await api.requestChallenge({ certificate, purpose: 'mailbox' }))
  const expected = { origin: ORIGIN, purpose: 'mailbox', fingerprint }
  const challenge = await answerChallenge(key, message, expected)
  if (!challenge.ok) return { outcome: challenge, sent }
  const now = coalition.clock.now()
  const salt = hex(systemRandom(16))
  const payload = composeEnrolment({
    mailbox: { certificate, fingerprint, id: mailboxId(fingerprint, salt), salt },
    challenge: challenge.value,
    admission: { invitation },
    directory: headOf(await coalition.ports.directory.current()),
    origin: ORIGIN,
    now,
    nonce: systemRandom(16),
  })
  const signature = accepted(await signAct(key, payload, midnightOf(now)))
  return { outcome: await api.submitAct({ payload, signatures: [signature] }), sent }
}

test('an honest challenge is answered and the mailbox enrolled', async () => {
  const { outcome, sent } = await enrolAgain()
  expect(accepted(outcome)).toMatchObject({ status: 'effective' })
  expect(sent).toHaveLength(2)
})

test('an operator who sends a notice for a challenge gets nothing: no answer, no word, no further request', async () => {
  expect(new TextDecoder().decode(notice)).not.toContain(SECRET)
  const { outcome, sent } = await enrolAgain(challenging(writeArmor('PGP MESSAGE', notice)))
  expect(outcome).toEqual({ ok: false, refusal: { reason: 'challenge-wrong' } })
  expect(sent).toHaveLength(1)
  expect(sent.join()).not.toContain(SECRET)
})

/** What the plaintext differs in from the challenge that Anna's client expects. */
const PLAINTEXTS: readonly { readonly name: string; readonly change: (right: string) => string }[] =
  [
    { name: 'another origin', change: (right) => right.replace(ORIGIN, 'evil.example') },
    { name: 'another purpose', change: (right) => right.replace('\nmailbox\n', '\nofficer\n') },
    {
      name: "another key's fingerprint",
      change: (right) => right.replace(/\n[0-9a-f]{40}\n/, `\n${'ff'.repeat(20)}\n`),
    },
    { name: 'a line before it', change: (right) => `\n${right}` },
    { name: 'a line too many', change: (right) => `${right}${SECRET}\n` },
    { name: 'a line in the middle', change: (right) => right.replace(ORIGIN, `${ORIGIN}\nmore`) },
    { name: 'CRLF line ends', change: (right) => right.replaceAll('\n', '\r\n') },
    { name: 'sixty-five hex digits', change: (right) => right.replace(ANSWER, `${ANSWER}0`) },
    { name: 'sixty-three hex digits', change: (right) => right.replace(ANSWER, ANSWER.slice(1)) },
    {
      name: 'hex in upper case',
      change: (right) => right.replace(ANSWER, ANSWER.toUpperCase()),
    },
    { name: 'no line end', change: (right) => right.slice(0, -1) },
    { name: 'another version', change: (right) => right.replace('-v1\n', '-v2\n') },
    { name: 'an act', change: () => '{"at":"2026-11-23T00:00:00Z","v":1}' },
    { name: 'nothing', change: () => '' },
  ]

describe('an operator who sends a challenge with another plaintext gets nothing', () => {
  test.each(PLAINTEXTS)('$name', async ({ change }) => {
    const { certificateBytes, key } = anna
    const right = `dunant-challenge-v1\n${ORIGIN}\nmailbox\n${key.fingerprint}\n${ANSWER}\n`
    expect(change(right)).not.toBe(right)
    const message = await coalition.ports.crypto.encryptChallenge(certificateBytes, change(right))
    const { outcome, sent } = await enrolAgain(challenging(message))
    expect(outcome).toEqual({ ok: false, refusal: { reason: 'challenge-wrong' } })
    expect(sent).toHaveLength(1)
  })

  test('and would get the hex alone for the right one', async () => {
    const { certificateBytes, key } = anna
    const right = `dunant-challenge-v1\n${ORIGIN}\nmailbox\n${key.fingerprint}\n${ANSWER}\n`
    const message = await coalition.ports.crypto.encryptChallenge(certificateBytes, right)
    const { outcome, sent } = await enrolAgain(challenging(message))
    expect(outcome).toMatchObject({ refusal: { reason: 'challenge-wrong' } })
    expect(sent).toHaveLength(2)
  })
})
