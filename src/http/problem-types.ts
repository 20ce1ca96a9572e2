import type { ProblemName } from '#wire/answers.ts'

/** Statuses that a problem may have. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 503

/** What a problem means, in one sentence, and the status that it is answered with. */
export interface ProblemType {
  readonly status: ProblemStatus
  readonly title: string
}

/** The one place where a reason meets its status. Reasons that only clients give have a line too, since each has a page. */
export const PROBLEM_TYPES: Readonly<Record<ProblemName, ProblemType>> = {
  'request-malformed': {
    status: 400,
    title: 'The request is not of the form that this address takes.',
  },
  'request-too-large': { status: 413, title: 'The body is longer than this address takes.' },
  'not-found': { status: 404, title: 'There is nothing here, or nothing that you may see.' },
  'act-not-utf8': { status: 400, title: 'The act is not UTF-8.' },
  'act-not-json': { status: 400, title: 'The act is not JSON.' },
  'act-not-canonical': { status: 400, title: 'The act is not in its canonical form (RFC 8785).' },
  'act-too-large': { status: 413, title: 'The act is longer than 64 KiB.' },
  'act-version-unknown': { status: 422, title: 'The act is of a version that is not known here.' },
  'act-type-unknown': { status: 422, title: 'The act is of a type that is not taken here.' },
  'act-body-invalid': {
    status: 422,
    title: 'A member of the act is missing, unknown or not of its form.',
  },
  'act-author-kind-wrong': {
    status: 422,
    title: 'Acts of this type are not made by this kind of author.',
  },
  'act-origin-wrong': { status: 422, title: 'The act was made for another coalition.' },
  'act-too-old': { status: 422, title: 'The act is dated longer ago than a signature may be.' },
  'act-expired': { status: 422, title: 'The act has expired.' },
  'act-lifetime-invalid': {
    status: 422,
    title: 'The act runs for too long, or its dates are not of the form that its author must use.',
  },
  'act-not-yet-valid': { status: 422, title: 'The act is dated in the future.' },
  'armor-malformed': { status: 400, title: 'This is not an armored block of the kind expected.' },
  'armor-surrounded': { status: 400, title: 'There is something around the armored block.' },
  'packets-malformed': { status: 400, title: 'The OpenPGP packets cannot be read.' },
  'packet-not-allowed': {
    status: 400,
    title: 'There is an OpenPGP packet that has no place here.',
  },
  'packets-too-many': { status: 400, title: 'There are too many OpenPGP packets.' },
  'packets-too-large': { status: 413, title: 'The OpenPGP packets are too long.' },
  'signature-count-wrong': { status: 400, title: 'There are too few or too many signatures.' },
  'signature-type-wrong': {
    status: 400,
    title: 'The signature is not a binary detached signature (type 0x00).',
  },
  'signature-version-wrong': {
    status: 400,
    title: 'The signature is of a version that is not accepted.',
  },
  'signature-not-accepted': { status: 403, title: 'The signature is not accepted.' },
  'signature-stale': { status: 422, title: 'The signature was made too long ago.' },
  'signature-from-future': { status: 422, title: 'The signature is dated in the future.' },
  'signature-not-midnight': { status: 422, title: 'A mailbox dates its signatures midnight UTC.' },
  'signature-algorithm-weak': { status: 422, title: 'The signature uses a weak hash.' },
  'signature-duplicate': { status: 400, title: 'One certificate signed twice in one request.' },
  'certificate-expired': { status: 403, title: 'The certificate has expired.' },
  'certificate-revoked': { status: 403, title: 'The certificate is revoked.' },
  'certificate-retired': { status: 403, title: 'The officer who signed is retired.' },
  'certificate-compromised': {
    status: 403,
    title: 'The key that signed is known to be compromised.',
  },
  'party-suspended': { status: 403, title: 'The party is suspended.' },
  'party-unknown': { status: 422, title: 'The coalition has no such party.' },
  'duty-missing': {
    status: 403,
    title: 'The officer who signed does not have a duty that this act needs.',
  },
  'signer-not-author': { status: 403, title: 'Nobody signed for the author of the act.' },
  'signer-not-entitled': { status: 403, title: 'The signer is not entitled to this.' },
  'act-known-differently': { status: 409, title: 'The act is known here with other content.' },
  'act-not-pending': { status: 409, title: 'The act no longer waits for signatures.' },
  'act-lapsed': { status: 409, title: 'The act has run out.' },
  'directory-stale': {
    status: 409,
    title: 'The directory that the author verified was replaced more than 30 days ago.',
  },
  'directory-unknown': {
    status: 409,
    title: 'The directory that the act names is not in the governance chain.',
  },
  'state-changed': {
    status: 409,
    title: 'Something changed meanwhile: look again, then try again.',
  },
  'certificate-malformed': { status: 422, title: 'The certificate cannot be read.' },
  'certificate-too-large': { status: 413, title: 'The certificate is too long.' },
  'certificate-cannot-sign': { status: 422, title: 'The certificate has no key that can sign.' },
  'certificate-cannot-encrypt': {
    status: 422,
    title: 'The certificate has no key that can be encrypted to.',
  },
  'certificate-weak': {
    status: 422,
    title: 'A key or self-signature of the certificate is too weak.',
  },
  'certificate-not-midnight': {
    status: 422,
    title: 'Everything in a mailbox certificate is dated midnight UTC.',
  },
  'certificate-user-id-wrong': {
    status: 422,
    title: 'The user IDs of the certificate are not those it must have.',
  },
  'certificate-version-wrong': {
    status: 422,
    title: 'The certificate is of a version that is not accepted here.',
  },
  'certificate-enrolled-already': {
    status: 409,
    title: 'A key of the certificate belongs to somebody already.',
  },
  'certificate-mismatch': {
    status: 422,
    title: 'The certificate is not the one that the author names.',
  },
  'challenge-wrong': { status: 422, title: 'This does not answer the challenge.' },
  'genesis-wrong': {
    status: 403,
    title: 'This is not the charter that the server was set up for.',
  },
  'charter-exists': { status: 409, title: 'The coalition has its charter already.' },
  'charter-missing': { status: 409, title: 'The coalition has no charter yet.' },
  'founder-missing': { status: 422, title: 'A founder has not signed the charter.' },
  'officer-unknown': { status: 422, title: 'The party has no such active officer.' },
  'party-exists': { status: 409, title: 'The coalition has this party already.' },
  'two-officers-needed': { status: 422, title: 'The two-officer rule needs two active admins.' },
  'template-unknown': {
    status: 422,
    title: 'The template is not known, or its texts are not those it names.',
  },
  'template-exists': { status: 409, title: 'The template is adopted already.' },
  'policy-invalid': { status: 422, title: 'The party could not act under this policy.' },
  'not-due': { status: 409, title: 'This is not due yet.' },
  'nothing-to-do': { status: 409, title: 'This would change nothing.' },
  'mailbox-unavailable': { status: 404, title: 'There is no such mailbox for you.' },
  'mailbox-over-quota': { status: 429, title: 'The mailbox has been changed too often.' },
  'mailbox-exists': { status: 409, title: 'The mailbox exists already.' },
  'mailbox-id-wrong': {
    status: 422,
    title: 'The id of the mailbox does not follow from its key and salt.',
  },
  'invitation-invalid': { status: 403, title: 'The invitation is unknown or spent.' },
  'work-insufficient': {
    status: 403,
    title: 'The proof of work does not hold for today or yesterday.',
  },
  'campaign-unknown': { status: 422, title: 'There is no such campaign for you.' },
  'campaign-not-invited': { status: 422, title: 'The party cannot be invited to this campaign.' },
  'campaign-not-accepted': { status: 409, title: 'The party has not accepted the campaign.' },
  'brief-unknown': {
    status: 422,
    title: 'The message that the act names was not uploaded by its author.',
  },
  'brief-recipients-wrong': {
    status: 422,
    title: 'The message can be read by somebody outside the circle it is for.',
  },
  'notice-unknown': { status: 422, title: 'There is no such notice for you.' },
  'notice-not-pending': { status: 409, title: 'The notice is released already.' },
  'notice-superseded': { status: 409, title: 'Another notice has replaced that one already.' },
  'notice-own': { status: 422, title: 'A party does not support its own notice.' },
  'support-exists': { status: 409, title: 'The party supports this notice already.' },
  'joint-deadline-invalid': {
    status: 422,
    title: 'A joint notice waits at most 24 hours, and no longer than its act.',
  },
  'bundle-unknown': { status: 422, title: 'The party holds no such bundle here.' },
  'bundle-incomplete': { status: 409, title: 'The bundle is not uploaded whole.' },
  'bundle-filed-already': { status: 409, title: 'The bundle was filed already.' },
  'bundle-offset-wrong': {
    status: 409,
    title: 'The chunk does not begin where the bytes held end.',
  },
  'bundle-line-invalid': {
    status: 422,
    title: 'A line of the bundle is not of one of the two forms.',
  },
  'bundle-line-too-long': { status: 413, title: 'A line of the bundle is too long.' },
  'bundle-unsorted': {
    status: 422,
    title: 'The lines of the bundle are not sorted, or one stands there twice.',
  },
  'bundle-root-wrong': { status: 422, title: 'The bundle has another root.' },
  'bundle-count-wrong': {
    status: 422,
    title:
      'The bundle has another number of lines, or one that is not a power of two from 1,024 on.',
  },
  'bundle-over-quota': {
    status: 429,
    title: 'The party holds more than its quota in uploads that it has not filed.',
  },
  'envelope-malformed': {
    status: 422,
    title: 'A message is not one session key and one encrypted packet.',
  },
  'envelope-recipient-wrong': {
    status: 422,
    title: 'A message is not encrypted to the key it is for.',
  },
  'session-missing': { status: 401, title: 'This needs a session.' },
  'session-nonce-invalid': { status: 403, title: 'The nonce is not one of ours, or is too old.' },
  'receipt-malformed': { status: 422, title: 'The receipt cannot be read.' },
  'receipt-not-logged': { status: 404, title: 'The record of the act waits for the log.' },
  'receipt-origin-wrong': { status: 422, title: 'The receipt is of another coalition.' },
  'receipt-genesis-wrong': {
    status: 422,
    title: 'The receipt is of a coalition with another charter.',
  },
  'receipt-signature-wrong': { status: 422, title: 'A signature in the receipt does not hold.' },
  'receipt-directory-broken': { status: 422, title: 'The directory in the receipt does not hold.' },
  'receipt-line-wrong': { status: 422, title: 'The line in the receipt is not in the bundle.' },
  'note-malformed': { status: 422, title: 'The signed note cannot be read.' },
  'note-unsigned': { status: 422, title: 'No known key signed the note.' },
  'note-signature-wrong': { status: 422, title: 'A signature of the note does not hold.' },
  'checkpoint-malformed': { status: 422, title: 'The checkpoint cannot be read.' },
  'checkpoint-inconsistent': {
    status: 422,
    title: 'The checkpoint does not extend the one before.',
  },
  'checkpoint-older': { status: 422, title: 'The checkpoint is older than one seen before.' },
  'proof-malformed': { status: 422, title: 'The proof cannot be read.' },
  'proof-wrong': { status: 422, title: 'The proof does not hold.' },
  'vkey-malformed': { status: 422, title: 'The verifier key cannot be read.' },
  'tile-malformed': { status: 422, title: 'The tile cannot be read.' },
  'directory-broken': { status: 422, title: 'The governance chain does not hold.' },
  'chain-shorter-than-pinned': {
    status: 422,
    title: 'The chain is shorter than the one seen before.',
  },
  'chain-broken': { status: 422, title: 'The chain of the keys of the mailbox does not hold.' },
  'line-list-shrunk': { status: 422, title: 'The list of lines lacks one that was there before.' },
  'line-omitted': { status: 422, title: 'The list of lines lacks one that was filed.' },
  'notice-malformed': { status: 422, title: 'The notice cannot be read.' },
  'notice-not-for-me': { status: 422, title: 'The notice is for somebody else.' },
  'notice-origin-wrong': { status: 422, title: 'The notice is of another coalition.' },
  'notice-filer-wrong': { status: 422, title: 'The notice is not from the party that filed it.' },
  'notice-signer-wrong': {
    status: 422,
    title: 'The notice is not signed by the reporter of its filer.',
  },
  'notice-template-wrong': {
    status: 422,
    title: 'The notice does not follow the template that was committed to.',
  },
  'notice-brief-wrong': {
    status: 422,
    title: 'The notice does not carry the brief that was committed to.',
  },
  'notice-commitment-wrong': { status: 422, title: 'The notice is not what the line commits to.' },
  'notice-text-wrong': {
    status: 422,
    title: 'The text of the notice is not that of its template and facts.',
  },
  'facts-invalid': { status: 422, title: 'A fact about the recipient is not of its form.' },
  'brief-invalid': { status: 422, title: 'A field of the brief is not of its form.' },
  'template-invalid': { status: 422, title: 'The template is not of its form.' },
  'account-invalid': { status: 422, title: 'The name of the account is not of its form.' },
  'customer-list-invalid': { status: 422, title: 'The list of customers is not of its form.' },
  'language-missing': { status: 422, title: 'The template has no text in this language.' },
  'key-missing': { status: 422, title: 'The key is not there.' },
  'key-malformed': { status: 422, title: 'The private key cannot be read.' },
  'passphrase-wrong': { status: 422, title: 'The passphrase does not unlock the key.' },
  'internal-error': {
    status: 500,
    title: 'The server has a fault; the request may have had no effect.',
  },
  'method-not-allowed': { status: 405, title: 'This address does not take this method.' },
  unavailable: {
    status: 503,
    title: 'The server cannot answer now. Repeating the request is safe.',
  },
}
