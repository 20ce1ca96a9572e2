import type { CommandSpec, Options } from './spec.ts'

const OWNER = ['coalition', 'passphrase'] as const
const SIGNING = ['coalition', 'signer', 'passphrase'] as const
const WHICH: Options = {
  mailbox: {
    type: 'text',
    value: 'ID',
    help: 'which mailbox of your home; needed where there are several',
  },
}

/** A customer's own mailbox, and the invitations that companies hand out. */
export const MAILBOX_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'mailbox invite',
    summary: 'make invitation tokens, one for each customer who is to enrol a mailbox',
    options: {
      count: { type: 'text', value: 'N', help: 'how many; 1 to 64, default 1' },
      out: { type: 'text', value: 'FILE', help: 'write the tokens here, a line each' },
    },
    uses: SIGNING,
    examples: [
      'dunant mailbox invite --count 10 --out tokens.txt --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/mailbox.ts')).invite,
  },
  {
    path: 'mailbox enrol',
    summary: 'make a key and a mailbox for it; its id goes to the company, inside its own product',
    about: [
      'Without an invitation this machine works for a few seconds instead, so that nobody enrols mailboxes by the million.',
    ],
    options: {
      filer: { type: 'list', value: 'DOMAIN', help: 'a party that may file to it' },
      invitation: { type: 'text', value: 'TOKEN', help: 'the token that a company gave you' },
      'no-passphrase': { type: 'flag', help: 'leave the key without a passphrase' },
    },
    uses: OWNER,
    examples: ['dunant mailbox enrol --filer contoso.example --invitation 9c1f…'],
    load: async () => (await import('#cli/commands/mailbox-enrol.ts')).enrol,
  },
  {
    path: 'mailbox list',
    summary: 'list the notices in your mailbox, and what the server left out',
    options: WHICH,
    uses: OWNER,
    examples: ['dunant mailbox list'],
    load: async () => (await import('#cli/commands/mailbox-read.ts')).list,
  },
  {
    path: 'mailbox open',
    summary: 'decrypt a notice, check all that it claims, and show who stands behind it',
    args: [{ name: 'NOTICE', help: 'its act id, from `mailbox list`' }],
    options: {
      ...WHICH,
      out: { type: 'text', value: 'FILE', help: 'write its receipt here, to be checked offline' },
    },
    uses: OWNER,
    examples: ['dunant mailbox open c07d…', 'dunant mailbox open c07d… --out receipt.json'],
    load: async () => (await import('#cli/commands/mailbox-read.ts')).open,
  },
  {
    path: 'mailbox ack',
    summary: 'tell the company that you read a notice',
    args: [{ name: 'NOTICE', help: 'its act id' }],
    options: WHICH,
    uses: OWNER,
    examples: ['dunant mailbox ack c07d…'],
    load: async () => (await import('#cli/commands/mailbox-read.ts')).acknowledge,
  },
  {
    path: 'mailbox filers',
    summary: 'change who may file to your mailbox',
    options: {
      ...WHICH,
      filer: { type: 'list', value: 'DOMAIN', help: 'a party that may from now on' },
    },
    uses: OWNER,
    examples: ['dunant mailbox filers --filer contoso.example --filer fabrikam.example'],
    load: async () => (await import('#cli/commands/mailbox.ts')).filers,
  },
  {
    path: 'mailbox rotate',
    summary: 'put a new key behind your mailbox; give the company the new fingerprint',
    about: ['Never rotate a key that somebody else may have: close the mailbox and enrol another.'],
    options: {
      ...WHICH,
      'no-passphrase': { type: 'flag', help: 'leave the new key without a passphrase' },
    },
    uses: OWNER,
    examples: ['dunant mailbox rotate'],
    load: async () => (await import('#cli/commands/mailbox.ts')).rotate,
  },
  {
    path: 'mailbox close',
    summary: 'close your mailbox for ever',
    options: { ...WHICH, yes: { type: 'flag', help: 'yes, for ever' } },
    uses: OWNER,
    examples: ['dunant mailbox close --yes'],
    load: async () => (await import('#cli/commands/mailbox.ts')).close,
  },
]
