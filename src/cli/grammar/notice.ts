import type { CommandSpec, Options } from './spec.ts'

const SIGNING = ['coalition', 'signer', 'passphrase'] as const
const NOTICE = { name: 'NOTICE', help: 'its act id' }
const CONTENT: Options = {
  customers: {
    type: 'text',
    value: 'FILE.csv',
    help: 'columns account,language,facts and optionally mailbox,fingerprint,country,also,safety',
  },
  brief: { type: 'text', value: 'FILE.json', help: 'what is the same for all' },
  template: {
    type: 'text',
    value: 'NAME',
    help: 'an adopted template: account (the default), device/organisation, … or its hash',
  },
}

const READER: Options = {
  'reporter-key': {
    type: 'text',
    value: 'FILE',
    help: 'with --gpg: the software key of an officer that opens the brief',
  },
}

/** A company tells its customers. */
export const NOTICE_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'notice draft',
    summary: 'write a brief and a customer list to start from',
    options: {
      out: { type: 'text', value: 'DIR', help: 'folder for brief.json and customers.csv' },
    },
    examples: ['dunant notice draft --out campaign-7'],
    load: async () => (await import('#cli/commands/notice-draft.ts')).draft,
  },
  {
    path: 'notice preview',
    summary: 'check the whole list and show exactly what customers would read',
    about: [
      'Shown is the text that would be signed for them; the number and the check code of each notice are made at filing, and are examples here. Nothing is signed or sent.',
      'A customer whose language the template lacks is told in the nearest one that it has, and in English below it. The column also names a second language for a customer; safety=call-only shows a number to call and nothing else.',
    ],
    options: {
      ...CONTENT,
      account: { type: 'text', value: 'ACCOUNT', help: 'the customer to show; default the first' },
      sample: { type: 'text', value: 'N', help: 'show N customers from all over the list' },
      'every-language': { type: 'flag', help: 'show one customer of each language on the list' },
      form: {
        type: 'text',
        value: 'FORM',
        help: 'plain (default, as it is signed), large print, aloud (for a voice) or letter',
      },
      kind: {
        type: 'text',
        value: 'KIND',
        help: 'first (default), correction, follow_up or withdrawal',
      },
      html: { type: 'text', value: 'FILE', help: 'also write it as a page of its own' },
      party: { type: 'text', value: 'DOMAIN', help: 'your party' },
    },
    uses: ['coalition'],
    examples: [
      'dunant notice preview --customers customers.csv --brief brief.json --party contoso.example',
      'dunant notice preview --customers customers.csv --brief brief.json --party contoso.example --every-language --form large --html notices.html',
    ],
    load: async () => (await import('#cli/commands/notice-preview.ts')).preview,
  },
  {
    path: 'notice file',
    summary: 'compose, upload and file a notice for all your customers on a list',
    about: [
      'Names and texts stay on this machine: each part leaves it encrypted to its customer alone, or as a commitment that tells nothing. One file per customer is written to --out, for your product to show after sign-in.',
      'A filing that was interrupted, however, goes on where it stopped when the same command is given again: nobody is told twice. What it needs for that lies in the folder work inside --out, and is removed at the end.',
      'A row that cannot be used stops the filing, so that nobody is left out unnoticed. --allow-faults files for the others.',
    ],
    options: {
      ...CONTENT,
      out: { type: 'text', value: 'DIR', help: 'folder for the product files' },
      approval: {
        type: 'text',
        value: 'FILE',
        help: 'what dunant template approve wrote: counsel need not sign again',
      },
      delay: {
        type: 'text',
        value: 'CASE',
        help: 'the clock that stops with it; after 24 hours the brief must say why it waited',
      },
      data: { type: 'text', value: 'DIR', help: 'with --delay: the folder of the agent' },
      keys: {
        type: 'text',
        value: 'DIR',
        help: 'with --delay: its keys, where they are elsewhere',
      },
      campaign: { type: 'text', value: 'ID', help: 'the campaign that it belongs to' },
      'joint-required': {
        type: 'text',
        value: 'N',
        help: 'hold it until so many others support it',
      },
      'joint-hours': {
        type: 'text',
        value: 'N',
        help: '… or until so many hours have passed; at most 24, the default',
      },
      kind: {
        type: 'text',
        value: 'KIND',
        help: 'first (default), correction, follow_up or withdrawal',
      },
      supersedes: { type: 'text', value: 'NOTICE', help: 'the notice that this one follows' },
      'supersedes-files': { type: 'text', value: 'DIR', help: 'product files of that notice' },
      'left-out': {
        type: 'text',
        value: 'REASON',
        help: 'why some who got that notice are not on the list: account-closed, told-otherwise or (follow_up) not-affected',
      },
      'reporter-key': {
        type: 'text',
        value: 'FILE',
        help: "sign the customers' parts with this key where the act is signed by --gpg",
      },
      resume: {
        type: 'flag',
        help: 'go on with --out or do nothing, and send what was signed as it was signed; without it, the same command goes on',
      },
      'start-over': {
        type: 'flag',
        help: 'throw away what an interrupted filing composed, also a signed act if the server does not have it',
      },
      'allow-faults': { type: 'flag', help: 'leave out rows that cannot be used' },
    },
    uses: SIGNING,
    examples: [
      'dunant notice file --customers customers.csv --brief brief.json --out product --party contoso.example --key alice',
      'dunant notice file --customers customers.csv --brief brief.json --out product --campaign 3d21… --joint-required 1 --party fabrikam.example --gpg 4AEE18F83AFDEB23… --reporter-key reporter',
    ],
    load: async () => (await import('#cli/commands/notice-file.ts')).file,
  },
  {
    path: 'notice missing',
    summary: 'write who got a notice and is not on a list: its correction is owed to them',
    options: {
      'supersedes-files': { type: 'text', value: 'DIR', help: 'product files of that notice' },
      customers: { type: 'text', value: 'FILE.csv', help: 'the list; its column account is read' },
      out: { type: 'text', value: 'FILE', help: 'the accounts, a line each' },
    },
    examples: [
      'dunant notice missing --supersedes-files product --customers corrected.csv --out missing.txt',
    ],
    load: async () => (await import('#cli/commands/notice-missing.ts')).missing,
  },
  {
    path: 'notice show',
    summary: "read another party's notice before you support it",
    args: [NOTICE],
    options: READER,
    uses: SIGNING,
    examples: ['dunant notice show c07d… --party fabrikam.example --key bob'],
    load: async () => (await import('#cli/commands/notice.ts')).show,
  },
  {
    path: 'notice support',
    summary: "state what your party knows about another's notice",
    about: ['The brief is opened first and must be the one that the notice commits to.'],
    args: [NOTICE],
    options: {
      ...READER,
      state: {
        type: 'list',
        value: 'STATEMENT',
        help: 'issuer_is_genuine, same_actor_seen, method_reviewed or own_customers_notified',
      },
    },
    uses: SIGNING,
    examples: [
      'dunant notice support c07d… --state issuer_is_genuine --state same_actor_seen --party fabrikam.example --key bob',
    ],
    load: async () => (await import('#cli/commands/notice.ts')).support,
  },
  {
    path: 'notice status',
    summary:
      'show where a notice stands, who supports it and who has read it; with --files, renew the proof in your product files',
    args: [NOTICE],
    options: {
      files: { type: 'text', value: 'DIR', help: 'product files whose receipt is to be renewed' },
    },
    uses: SIGNING,
    examples: ['dunant notice status c07d… --files product --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/notice-status.ts')).status,
  },
  {
    path: 'notice keys',
    summary:
      'tell which mailboxes of a notice cannot read it any more, or soon cannot be written to',
    about: [
      'A mailbox that was closed, whose key has changed since, or whose key nobody confirmed, is still told in your product. What is said here of a changed key is for the customer to confirm to you in your product, never by mail.',
    ],
    args: [NOTICE],
    options: {
      files: { type: 'text', value: 'DIR', help: 'product files of the notice' },
    },
    uses: SIGNING,
    examples: ['dunant notice keys c07d… --files product --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/notice-keys.ts')).keys,
  },
  {
    path: 'notice withdraw',
    summary: 'take back a joint notice before its release',
    about: ['After release nothing is undone: file a notice of kind withdrawal.'],
    args: [NOTICE],
    uses: SIGNING,
    examples: ['dunant notice withdraw c07d… --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/party.ts')).withdraw,
  },
]
