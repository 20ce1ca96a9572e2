import { isAddressGone } from '#core/mail-status.ts'
import type { MailOutcome, ServerTrouble } from '#ports/mailer.ts'

/** What nodemailer says of a failure. Its texts quote the server and are never looked at, but for the status in front. */
export interface SmtpFailure {
  readonly code?: string | undefined
  /** Of the system or of TLS. */
  readonly originalCode?: unknown
  readonly command?: string | undefined
  readonly response?: string | undefined
  readonly responseCode?: number | undefined
}

const CERTIFICATE_CODES =
  /^(?:CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH|ERR_TLS_CERT)/
const ENHANCED = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/
const TOO_LARGE = 552

/** What a failure before the mail was given means. */
export function troubleOf(failure: SmtpFailure): ServerTrouble {
  const { code, originalCode, response, responseCode = 0 } = failure
  if (typeof originalCode === 'string' && CERTIFICATE_CODES.test(originalCode))
    return 'certificate-wrong'
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return responseCode >= 500 ? 'credentials-refused' : 'busy'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (code === 'ETLS') return 'tls-missing'
  return response === undefined || response === '' ? 'unreachable' : 'busy'
}

/** What a failure while the mail was given means. */
export function outcomeOf(failure: SmtpFailure): MailOutcome {
  const { code, command, response = '', responseCode = 0 } = failure
  if (code === 'EMESSAGE' && responseCode === 0)
    return { kind: 'refused', reason: 'message', isAddressBad: false }
  if (responseCode === 0) return { kind: 'deferred', reason: 'connection-lost' }
  const isFinal = responseCode >= 500
  if (command === 'MAIL FROM' && responseCode !== TOO_LARGE)
    return { kind: 'trouble', trouble: isFinal ? 'sender-refused' : 'busy' }
  const reason = command === 'RCPT TO' ? 'recipient' : 'message'
  if (!isFinal) return { kind: 'deferred', reason }
  const status = ENHANCED.exec(response)?.[1] ?? ''
  return { kind: 'refused', reason, isAddressBad: reason === 'recipient' && isAddressGone(status) }
}
