import { describeStanding } from '#client/describe.ts'
import type { OpenedNotice } from '#client/open-envelope.ts'
import { DESCRIBED_LANGUAGES } from '#client/standing-words.ts'
import { formatInstant } from '#core/time.ts'
import { EXIT } from './exit.ts'
import { type Output, say } from './output.ts'

const RULE = '─'.repeat(76)

/**
 * An opened notice, with who stands behind it above the text, from the receipt alone.
 *
 * Exit code 5 without a receipt and 6 where the charter asks for more witnesses than cosigned.
 */
export function describeOpened(opened: OpenedNotice): Output {
  const { act, marks, rendered, signer, statement, status, supports, witnessed, witnessQuorum } =
    opened
  const language = DESCRIBED_LANGUAGES.find((known) => known === rendered.language) ?? 'en'
  const standing = describeStanding(
    { filer: statement.filer, supports, marks, status, witnessed, witnessQuorum },
    language,
  )
  const text = [
    ...standing,
    `${signer.party}, ${signer.fingerprint}, ${formatInstant(signer.signedAt)}`,
    RULE,
    ...rendered.lines,
    RULE,
  ]
  const value = {
    status,
    proven: opened.isProven,
    act: act ?? null,
    filer: statement.filer,
    kind: statement.kind,
    language: rendered.language,
    issued_to: rendered.issuedTo,
    subject: rendered.subject,
    standing,
    supports,
    marks,
    witnessed,
    witness_quorum: witnessQuorum,
    signer,
    text: rendered.lines.join('\n'),
    statement,
  }
  return { ...say(text, value), exit: exitFor(opened) }
}

function exitFor({ isProven, status }: OpenedNotice) {
  if (status === 'not verified') return EXIT.unverified
  return isProven ? EXIT.done : EXIT.unwitnessed
}
