import type { CommandSpec, Options } from './spec.ts'

const SIGNING = ['coalition', 'signer', 'passphrase'] as const
const DATA: Options = {
  data: { type: 'text', value: 'DIR', help: "the agent's own folder; default .dunant-agent" },
  keys: { type: 'text', value: 'DIR', help: 'the folder of its keys, where it is another' },
}
const REPORTER: Options = {
  'reporter-key': {
    type: 'text',
    value: 'FILE',
    help: 'with --gpg: the software key of an officer of the same party',
  },
}
const CASE = { name: 'CASE', help: 'your own name for the attack' }
const ORGANISATION = { name: 'ORGANISATION', help: 'its name, as you use it' }

/** What a company's security desk keeps: how long customers waited, and how organisations are reached. */
export const DESK_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'delay start',
    summary: 'start the clock of an attack that is confirmed: customers are told within 24 hours',
    args: [CASE],
    options: {
      confirmed: { type: 'text', value: 'TIME', help: 'when it was confirmed, in UTC' },
      ...DATA,
    },
    examples: ['dunant delay start case-7 --confirmed 2026-11-23T10:00:00Z'],
    load: async () => (await import('#cli/commands/delay.ts')).start,
  },
  {
    path: 'delay hold',
    summary: 'hold a notice back until a moment, for a reason from the closed list',
    about: [
      'Up to 72 hours from confirmation it holds at once. Beyond, it waits for two officers (dunant delay approve): counsel, and another one who reports or responds. Nobody holds anything for more than 14 days.',
    ],
    args: [CASE],
    options: {
      reason: { type: 'text', value: 'REASON', help: 'such as verifying or legal-review' },
      until: { type: 'text', value: 'TIME', help: 'in UTC' },
      'in-batches': {
        type: 'flag',
        help: 'customers are told in batches until then; only for protecting-detection',
      },
      ...DATA,
    },
    examples: ['dunant delay hold case-7 --reason legal-review --until 2026-11-25T10:00:00Z'],
    load: async () => (await import('#cli/commands/delay.ts')).hold,
  },
  {
    path: 'delay approve',
    summary: 'approve, as an officer, the newest hold of a case',
    args: [CASE],
    options: { ...REPORTER, ...DATA },
    uses: SIGNING,
    examples: ['dunant delay approve case-7 --party contoso.example --key carla'],
    load: async () => (await import('#cli/commands/delay.ts')).approve,
  },
  {
    path: 'delay end',
    summary: 'stop the clock of a case: its customers were told',
    about: ['dunant notice file --delay CASE does so by itself.'],
    args: [CASE],
    options: DATA,
    examples: ['dunant delay end case-7'],
    load: async () => (await import('#cli/commands/delay.ts')).end,
  },
  {
    path: 'delay list',
    summary: 'show how long each case has waited, and by when its customers are told',
    options: DATA,
    examples: ['dunant delay list'],
    load: async () => (await import('#cli/commands/delay.ts')).list,
  },
  {
    path: 'contact set',
    summary: 'say how an organisation is reached when it is attacked',
    about: [
      'What is not named stays as it is. A new mail address or key has been tested by nobody until dunant contact test is answered.',
    ],
    args: [ORGANISATION],
    options: {
      mail: { type: 'text', value: 'ADDRESS', help: 'its security team' },
      certificate: { type: 'text', value: 'FILE', help: 'its armored OpenPGP certificate' },
      phone: { type: 'text', value: 'NUMBER', help: 'a number that it publishes itself' },
      manager: { type: 'text', value: 'WHO', help: 'who looks after it at your company' },
      address: { type: 'text', value: 'TEXT', help: 'where a letter arrives' },
      'avoid-admin': {
        type: 'text',
        value: 'yes|no',
        help: 'its administrator must not be told',
      },
      ...DATA,
    },
    examples: [
      'dunant contact set "Example Foundation" --mail security@example.org --certificate foundation.pub.asc --avoid-admin yes',
    ],
    load: async () => (await import('#cli/commands/contact.ts')).set,
  },
  {
    path: 'contact test',
    summary: 'write an encrypted test message, whose number the contact reads back',
    args: [ORGANISATION],
    options: {
      out: { type: 'text', value: 'FILE', help: 'the message; your mail program sends it' },
      ...REPORTER,
      ...DATA,
    },
    uses: SIGNING,
    examples: [
      'dunant contact test "Example Foundation" --out test.asc --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/contact.ts')).test,
  },
  {
    path: 'contact answer',
    summary: 'enter the number that a contact read back: it counts as tested for a quarter',
    args: [ORGANISATION, { name: 'NUMBER', help: 'as it was read back' }],
    options: DATA,
    examples: ['dunant contact answer "Example Foundation" 12345678'],
    load: async () => (await import('#cli/commands/contact.ts')).answer,
  },
  {
    path: 'contact note',
    summary: 'note what was done to reach an organisation, with its proof',
    about: [
      'The first note begins the case: mail and portal are due at once, a call back after 24 hours, the account manager after 48, a letter after 72, until somebody has answered.',
    ],
    args: [ORGANISATION],
    options: {
      notice: { type: 'text', value: 'NOTICE', help: 'the act id of the notice' },
      rung: {
        type: 'text',
        value: 'RUNG',
        help: 'portal, mail, call-back, account-manager or letter',
      },
      outcome: { type: 'text', value: 'OUTCOME', help: 'tried or answered' },
      proof: { type: 'text', value: 'TEXT', help: 'such as a tracking number' },
      'proof-file': { type: 'text', value: 'FILE', help: 'a file, kept by its SHA-256' },
      by: { type: 'text', value: 'WHO', help: 'who did it' },
      ...DATA,
    },
    examples: [
      'dunant contact note "Example Foundation" --notice c07d… --rung call-back --outcome answered --proof "called back at 14:10" --by alice',
    ],
    load: async () => (await import('#cli/commands/contact.ts')).note,
  },
  {
    path: 'contact show',
    summary: 'show one contact with what is due',
    args: [ORGANISATION],
    options: DATA,
    examples: ['dunant contact show "Example Foundation"'],
    load: async () => (await import('#cli/commands/contact.ts')).show,
  },
  {
    path: 'contact list',
    summary: 'list contacts, which of them nobody tested for a quarter, and what is due',
    options: DATA,
    examples: ['dunant contact list'],
    load: async () => (await import('#cli/commands/contact.ts')).list,
  },
  {
    path: 'agent metrics',
    summary: 'sum up delays, deliveries and corrections, in numbers that single nobody out',
    about: [
      'No count under five is told, nor one that would leave under five over. A median takes five cases, a 90th percentile ten. --json is for programs.',
    ],
    options: {
      format: { type: 'text', value: 'FORMAT', help: 'table (default) or csv' },
      ...DATA,
    },
    examples: ['dunant agent metrics --format csv'],
    load: async () => (await import('#cli/commands/agent-metrics.ts')).metrics,
  },
]
