import type { RefusalReason } from '#core/refusal.ts'
import { PROBLEM_TITLES } from '#wire/problem-titles.ts'
import { EXIT, type ExitCode, exitOf } from './exit.ts'

/** What a refusal means and what to do next, in sentences. */
export interface Advice {
  readonly sentence: string
  readonly next: string
}

/** What to do next where a reason has no advice of its own: it follows from who refused what. */
const NEXT_BY_EXIT: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: 'There is nothing to do.',
  [EXIT.bug]: 'Please report it.',
  [EXIT.usage]: 'Look at dunant --help.',
  [EXIT.input]: 'Correct the file or value, or make it again, then repeat the command.',
  [EXIT.refused]: 'Nothing was changed. Look at where things stand before you try again.',
  [EXIT.unverified]:
    'Do not rely on it. Fetch it again; if it stays so, tell the other parties of the coalition, by another way than its server.',
  [EXIT.unwitnessed]: 'Ask again later.',
  [EXIT.unavailable]: 'Repeat the command; nothing was lost.',
  [EXIT.key]: 'Name the key by --key: the keys of this home stand in its folder keys.',
}

const RENEW =
  'Use a key that is in force, or bring a new certificate in: dunant party officer replace.'
const CLOCK = 'Compare the clock of this machine with the time; OpenPGP dates what it signs.'
const ANOTHER_OFFICER = 'Let an officer sign who may: dunant party list shows duties.'
const UPDATE = 'This version may be too old for the coalition: update dunant.'
const DRAFT_AGAIN = 'Make the act again with a new date, and have it signed again.'
const LATEST =
  'Run dunant directory show, which fetches it, make the act again, and have it signed again.'
const OTHER_WAY =
  'Do not use it. Ask its owner for the current one by a way that you trust, such as the telephone.'
const PASSED_ON = 'Ask for it again: it was changed or cut on its way.'
const UPLOAD_AGAIN = 'Run the same filing again: it goes on where it stopped.'

/** Where something better can be said than what follows from the exit code. */
const NEXT: Readonly<Partial<Record<RefusalReason, string>>> = {
  'act-version-unknown': UPDATE,
  'act-type-unknown': UPDATE,
  'act-expired': DRAFT_AGAIN,
  'act-too-old': DRAFT_AGAIN,
  'act-lapsed': DRAFT_AGAIN,
  'act-not-yet-valid': CLOCK,
  'armor-malformed': PASSED_ON,
  'armor-surrounded': 'Give the armored block alone, without what a mail program put around it.',
  'signature-stale': 'Sign again: a signature must arrive within 24 hours.',
  'signature-from-future': CLOCK,
  'signature-algorithm-weak': 'Sign with SHA-256 or stronger.',
  'signature-duplicate': 'Leave one of the two signatures out.',
  'certificate-expired': RENEW,
  'certificate-revoked': RENEW,
  'certificate-retired': ANOTHER_OFFICER,
  'certificate-compromised': ANOTHER_OFFICER,
  'certificate-weak': 'Make a new key: dunant key generate makes one that is accepted.',
  'certificate-cannot-sign': 'Make a new key: dunant key generate makes one that is accepted.',
  'certificate-cannot-encrypt': 'Make a new key: dunant key generate makes one that is accepted.',
  'duty-missing': ANOTHER_OFFICER,
  'signer-not-author': 'Have an officer of the party that the act is by sign it first.',
  'signer-not-entitled': ANOTHER_OFFICER,
  'directory-stale': LATEST,
  'directory-unknown': LATEST,
  'state-changed': 'Repeat the command: it looks again.',
  'challenge-wrong':
    'Answer nothing. A server that sends such a challenge may want something else decrypted: tell the other parties.',
  'two-officers-needed': 'Add a second admin first: dunant party officer add.',
  'invitation-invalid': 'Ask the company for another invitation; each one can be used once.',
  'mailbox-unavailable':
    'Ask the owner whether the id is right, the mailbox open, and your party among those who may file to it.',
  'mailbox-over-quota': 'Wait until tomorrow, UTC.',
  'mailbox-id-wrong': OTHER_WAY,
  'chain-broken': OTHER_WAY,
  'chain-shorter-than-pinned': OTHER_WAY,
  'campaign-not-accepted': 'Accept the campaign first: dunant campaign accept.',
  'bundle-incomplete': UPLOAD_AGAIN,
  'bundle-offset-wrong': UPLOAD_AGAIN,
  'bundle-unknown': UPLOAD_AGAIN,
  'bundle-over-quota':
    'File or let run out what was uploaded and not filed; uploads go after seven days.',
  'session-missing':
    'Use a key that the coalition knows: dunant party show lists the officers of a party.',
  'receipt-not-logged': 'Ask again in a while. Acts of mailboxes enter the log once a day.',
  'receipt-genesis-wrong':
    'Compare the genesis id with the one that members publish on their own domains.',
  'receipt-origin-wrong': 'Check the receipt with the coalition that it names.',
  'envelope-recipient-wrong': 'Open it with the key of the mailbox that it was sent to.',
  'notice-not-for-me':
    'Type the account as the company writes it. If it is right, the notice is for somebody else: do not act on it.',
  'account-invalid': 'Write the account as the company does: one line, no invisible characters.',
  'check-list-malformed':
    'Fetch the list again. If it stays so, tell the company that publishes it, and do not rely on it.',
  'check-list-unknown': 'Upload the chunks of the list first: dunant check publish does.',
  'check-list-older': 'Publish for the next release.',
  'check-release-wrong': 'Publish for the release in force or for the next one.',
  'check-root-wrong': 'Build the list again.',
  'check-code-malformed':
    'Copy the whole code from the notice: five groups of four letters, or six groups of five digits.',
  'check-code-mistyped':
    'Compare the code with the notice, letter by letter; the digits say the same.',
  'customer-list-invalid': 'Correct the list: dunant help notice draft shows its columns.',
  'language-missing': 'Choose a language that the template has, or leave the person to another.',
  'key-missing':
    'Name a key that is there (the folder keys of this home has them), or make one: dunant key generate.',
  'key-malformed': 'Give the armored private key as it was exported, or restore it from a backup.',
  'passphrase-wrong': 'Try again. A forgotten passphrase cannot be recovered: a new key is needed.',
}

/** The sentence and the next step of a refusal. */
export function adviceOn(reason: RefusalReason): Advice {
  return { sentence: PROBLEM_TITLES[reason], next: NEXT[reason] ?? NEXT_BY_EXIT[exitOf(reason)] }
}
