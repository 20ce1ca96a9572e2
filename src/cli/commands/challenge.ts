import { answerChallenge } from '#client/openpgp.ts'
import { base64, fromUtf8 } from '#core/bytes.ts'
import { type ChallengePurpose, challengeText } from '#core/challenge.ts'
import { readArmor } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { connect, type Connection } from '#cli/connection.ts'
import { writeOut } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Command, say } from '#cli/output.ts'
import { openSigner, type Signer } from '#cli/signer.ts'

/** `challenge answer` */
export const answer: Command = async (call) =>
  await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const signer = await openSigner(call)
    if (!signer.ok) return signer
    const answered = await proveOwnership(connection.value, signer.value, 'officer')
    if (!answered.ok) return answered
    const officer = { certificate: base64(signer.value.certificate), challenge: answered.value }
    const text = `${JSON.stringify(officer, undefined, 2)}\n`
    const path = writeOut(call, text)
    return accept(
      say([path === undefined ? text.trimEnd() : `written to ${path}`], {
        ...officer,
        fingerprint: signer.value.fingerprint,
      }),
    )
  })

/** Fetches a challenge for a certificate and answers it. Refuses `challenge-wrong` whatever else the server sent. */
export async function proveOwnership(
  { api, coalition }: Connection,
  signer: Signer,
  purpose: ChallengePurpose,
): Promise<Result<string>> {
  const message = await api.requestChallenge({ certificate: signer.certificate, purpose })
  if (!message.ok) return message
  const expected = { origin: coalition.origin, purpose, fingerprint: signer.fingerprint }
  return signer.means.kind === 'file'
    ? await answerChallenge(signer.means.key, message.value, expected)
    : await answerByGpg(signer.means.gpg, message.value, expected)
}

const ANSWER_START = /^dunant-challenge-v1\n[a-z0-9.-]+\n[a-z]+\n[0-9a-f]+\n([0-9a-f]{64})\n$/

/** What gpg decrypted must be, to the byte, the challenge that was asked for; otherwise not a byte of it leaves. */
async function answerByGpg(
  gpg: Extract<Signer['means'], { kind: 'gpg' }>['gpg'],
  armored: string,
  expected: { origin: string; purpose: ChallengePurpose; fingerprint: string },
): Promise<Result<string>> {
  const message = readArmor(armored, 'PGP MESSAGE')
  if (!message.ok) return refuse('challenge-wrong')
  const opened = await gpg.decrypt(message.value)
  if (!opened.ok) return opened
  const text = fromUtf8(opened.value) ?? ''
  const found = ANSWER_START.exec(text)?.[1]
  const isExact = found !== undefined && challengeText({ ...expected, answer: found }) === text
  return isExact ? accept(found) : refuse('challenge-wrong')
}
