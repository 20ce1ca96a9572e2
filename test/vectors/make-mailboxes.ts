import { createHash } from 'node:crypto'
import { openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { fromBase64, utf8 } from '#core/bytes.ts'
import { challengeAnswer, type ChallengePurpose, challengeText } from '#core/challenge.ts'
import { sha256Hex } from '#core/hash.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import { DAY, type Keys, NOW, ORIGIN, seeded, seededHex } from './keys.ts'
import type { Contents } from './schemas.ts'
import { ALICE_SALT } from './story.ts'

function idOf(fingerprint: string, salt: string): Contents['mailboxes.json']['ids'][number] {
  return { fingerprint, mailbox: mailboxId(fingerprint, salt), salt }
}

export function makeMailboxes(keys: Keys): Contents['mailboxes.json'] {
  const { alice, contoso } = keys.openpgp
  const mailbox = mailboxId(alice.fingerprint, ALICE_SALT)
  const work = (text: string, holds: boolean) => ({
    day: DAY,
    digest: sha256Hex(utf8(`dunant-work-v1\n${mailbox}\n${DAY}\n${text}`)),
    holds,
    mailbox,
    work: text,
  })
  const tokens = ['token of alice', 'token of bob'].map((label) => seededHex(label))
  return {
    ids: [
      idOf(alice.fingerprint, ALICE_SALT),
      idOf(alice.fingerprint, seededHex('another salt', 32)),
      idOf(contoso.fingerprint, '0'.repeat(32)),
    ],
    tokens: tokens.map((token) => ({ token, token_hash: tokenHash(token) })),
    work: [work(mine(mailbox, 20), true), work(mine(mailbox, 19), false), work('0', false)],
  }
}

/** Looks for work whose digest begins with exactly so many zero bits. */
function mine(mailbox: string, zeroBits: number): string {
  for (let n = 0; ; n++) {
    const work = n.toString(16)
    const digest = createHash('sha256')
      .update(`dunant-work-v1\n${mailbox}\n${DAY}\n${work}`)
      .digest()
    if (Math.clz32(digest.readUInt32BE(0)) === zeroBits) return work
  }
}

export async function makeChallenges(keys: Keys): Promise<Contents['challenges.json']> {
  const secret = seeded('challenge secret')
  const clock = { now: () => NOW }
  const service = await openServiceCrypto({
    privateKeyArmored: keys.openpgp.service.private_key,
    clock,
  })
  const issue = async (key: 'alice' | 'contoso', purpose: ChallengePurpose) => {
    const { certificate: encoded, fingerprint } = keys.openpgp[key]
    const certificate = fromBase64(encoded) ?? new Uint8Array()
    const answer = challengeAnswer(secret, { purpose, fingerprint, certificate, day: DAY })
    const text = challengeText({ origin: ORIGIN, purpose, fingerprint, answer })
    const message = await service.encryptChallenge(certificate, text)
    return { answer, day: DAY, fingerprint, key, message, origin: ORIGIN, purpose, text }
  }
  const officer = await issue('contoso', 'officer')
  const issued = [officer, await issue('alice', 'mailbox')]
  const { answer, fingerprint, purpose, text } = officer
  const expected = { fingerprint, origin: ORIGIN, purpose }
  const wrong = (name: string, changed: string) => ({
    expected,
    name,
    refusal: 'challenge-wrong',
    text: changed,
  })
  return {
    secret: seededHex('challenge secret'),
    issued,
    claims: claimsOf(keys, officer),
    texts: [
      { expected, name: 'the one expected', text },
      wrong('of another coalition', text.replace(ORIGIN, 'other.example')),
      wrong('for another purpose', text.replace('officer', 'mailbox')),
      wrong('for another key', text.replace(fingerprint, keys.openpgp.alice.fingerprint)),
      wrong('with CRLF', text.replaceAll('\n', '\r\n')),
      wrong('without the last line feed', text.slice(0, -1)),
      wrong('with a line more', `${text}\n`),
      wrong('with hex in capitals', text.replace(answer, answer.toUpperCase())),
      wrong('of another version', text.replace('-v1', '-v2')),
      wrong('a notice', 'Content-Type: text/plain\r\n\r\nYour account was attacked.\r\n'),
    ],
  }
}

type Challenges = Contents['challenges.json']

/** One good answer, and everything that makes it a wrong one. */
function claimsOf(keys: Keys, officer: Challenges['issued'][number]): Challenges['claims'] {
  const { answer, fingerprint, purpose } = officer
  const claim = { answer, certificate: 'contoso' as const, fingerprint, purpose }
  const midnight = NOW - (NOW % 86_400)
  return [
    { ...claim, name: 'on its day', now: NOW, holds: true },
    {
      ...claim,
      name: 'in the last second of the second day after',
      now: midnight + 3 * 86_400 - 1,
      holds: true,
    },
    { ...claim, name: 'on the third day after', now: midnight + 3 * 86_400, holds: false },
    { ...claim, name: 'on the day before', now: midnight - 1, holds: false },
    { ...claim, name: 'for another purpose', purpose: 'mailbox', now: NOW, holds: false },
    {
      ...claim,
      name: 'for another key',
      fingerprint: keys.openpgp.alice.fingerprint,
      now: NOW,
      holds: false,
    },
    {
      ...claim,
      name: 'for another certificate of the same key',
      certificate: 'alice' as const,
      now: NOW,
      holds: false,
    },
    { ...claim, name: 'another answer', answer: seededHex('no answer'), now: NOW, holds: false },
  ]
}
