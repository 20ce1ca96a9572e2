import type { CommandSpec, Options } from './spec.ts'

const DATA: Options = {
  data: { type: 'text', value: 'DIR', help: "the agent's own folder; default .dunant-agent" },
}

/** How a command reaches a running agent. */
const LOCAL: Options = {
  agent: {
    type: 'text',
    value: 'URL',
    help: 'where the agent answers; default http://127.0.0.1:8790',
  },
  client: { type: 'text', value: 'FILE', help: 'the key file that dunant agent client wrote' },
}

/** Of the machine on which a company's own systems meet the coalition. */
export const AGENT_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'agent init',
    summary: "make the folder of a company's agent",
    about: [
      'The agent runs on a machine of the company, beside its own systems. Accounts never leave it. Put the key of an officer with the duty reporter at keys/reporter.asc of the folder, or name it with --key when it is started.',
    ],
    options: {
      party: { type: 'text', value: 'DOMAIN', help: 'the company' },
      'archive-certificate': {
        type: 'text',
        value: 'FILE',
        help: 'certificate that the archive is encrypted to; its private key belongs elsewhere',
      },
      ...DATA,
    },
    uses: ['coalition'],
    examples: [
      'dunant agent init --party contoso.example --server https://coalition.example --origin coalition.example --genesis 5d4140…',
    ],
    load: async () => (await import('#cli/commands/agent.ts')).init,
  },
  {
    path: 'agent serve',
    summary:
      "run a company's agent: it files notices, shows them in the product, and keeps account",
    about: [
      'It listens on this machine alone, and asks every request for a signature (RFC 9421) by a key that dunant agent client made. Whoever stops it loses nothing: what it acknowledged is on the disk, and a filing goes on where it was.',
    ],
    options: {
      key: {
        type: 'text',
        value: 'FILE',
        help: "an officer's key; default keys/reporter.asc of the folder",
      },
      keys: { type: 'text', value: 'DIR', help: 'the folder of the keys, where it is another' },
      port: { type: 'text', value: 'N', help: 'port to listen on, 0 for any; default 8790' },
      quiet: { type: 'flag', help: 'print no line per event' },
      ...DATA,
    },
    uses: ['passphrase'],
    examples: ['dunant agent serve', 'dunant agent serve --data /var/lib/dunant-agent'],
    load: async () => (await import('#cli/commands/agent.ts')).serve,
  },
  {
    path: 'agent client',
    summary: "make the key by which one of the company's systems speaks to the agent",
    about: ['An agent that runs reads the keys when it is started again.'],
    args: [{ name: 'NAME', help: 'of the system: shop' }],
    options: {
      may: {
        type: 'list',
        value: 'WHAT',
        help: 'banner, events, notices or read; may be repeated',
      },
      out: { type: 'text', value: 'FILE', help: 'where to write the key for that system' },
      ...DATA,
    },
    examples: ['dunant agent client shop --may banner --out shop.json'],
    load: async () => (await import('#cli/commands/agent.ts')).client,
  },
  {
    path: 'agent hook',
    summary: "tell one of the company's systems what happens (Standard Webhooks)",
    args: [{ name: 'NAME', help: 'of the system' }],
    options: {
      url: { type: 'text', value: 'URL', help: 'where messages are posted' },
      ...DATA,
    },
    examples: ['dunant agent hook tickets --url https://tickets.contoso.example/dunant'],
    load: async () => (await import('#cli/commands/agent.ts')).hook,
  },
  {
    path: 'agent draft',
    summary: 'draft a notice at the agent',
    args: [{ name: 'NAME', help: "the company's own name for the notice" }],
    options: {
      matter: { type: 'text', value: 'NAME', help: 'what it belongs to; default the same name' },
      brief: { type: 'text', value: 'FILE', help: 'brief.json, as dunant notice draft makes it' },
      template: {
        type: 'text',
        value: 'KIND',
        help: 'kind or hash of the template; default account',
      },
      kind: {
        type: 'text',
        value: 'KIND',
        help: 'first, update, correction or withdrawal; default first',
      },
      'left-out': {
        type: 'text',
        value: 'REASON',
        help: 'why some who got that notice are not told: account-closed, told-otherwise or (follow_up) not-affected',
      },
      supersedes: {
        type: 'text',
        value: 'NAME',
        help: 'the earlier notice, by its name at the agent',
      },
      campaign: { type: 'text', value: 'ID', help: 'the campaign that it belongs to' },
      'joint-required': {
        type: 'text',
        value: 'N',
        help: 'wait for the support of so many parties',
      },
      'joint-hours': {
        type: 'text',
        value: 'N',
        help: 'and for so many hours at most; default 24',
      },
      'batch-size': {
        type: 'text',
        value: 'N',
        help: 'with 2,000 recipients or more: show it to so many at a time',
      },
      'batch-minutes': { type: 'text', value: 'N', help: 'and so many minutes apart' },
      ...LOCAL,
    },
    examples: ['dunant agent draft spring --brief brief.json --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).draft,
  },
  {
    path: 'agent add',
    summary: 'report recipients for a notice, from a customer list or standard input',
    about: [
      'The list is the one of dunant notice file, with more columns that may be left out: event_id, country, address. A row without event_id counts once for its account.',
    ],
    args: [{ name: 'NAME', help: 'the notice' }],
    options: {
      customers: { type: 'text', value: 'FILE', help: 'the list, - for standard input' },
      ...LOCAL,
    },
    examples: ['dunant agent add spring --customers customers.csv --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).add,
  },
  {
    path: 'agent preview',
    summary: 'show what the recipient of an event would read',
    args: [
      { name: 'NAME', help: 'the notice' },
      { name: 'EVENT', help: "the company's own id of the event" },
    ],
    options: LOCAL,
    examples: ['dunant agent preview spring case-17 --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).preview,
  },
  {
    path: 'agent file',
    summary: 'give a notice out to be filed',
    args: [{ name: 'NAME', help: 'the notice' }],
    options: LOCAL,
    examples: ['dunant agent file spring --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).file,
  },
  {
    path: 'agent status',
    summary: 'tell how a notice stands, in counts that single out nobody',
    args: [{ name: 'NAME', help: 'the notice' }],
    options: LOCAL,
    examples: ['dunant agent status spring --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).status,
  },
  {
    path: 'agent stop-batch',
    summary: 'stop one batch of a notice: whoever is in it is not shown it',
    args: [
      { name: 'NAME', help: 'the notice' },
      { name: 'NUMBER', help: 'of the batch, from 0' },
    ],
    options: LOCAL,
    examples: ['dunant agent stop-batch spring 3 --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).stopBatch,
  },
  {
    path: 'agent published',
    summary: "have the lists of check codes say that others know a recipient's code",
    about: [
      'For a customer whose notice was shown in public or taken: whoever checks the code is told that a message which only names it proves nothing.',
    ],
    args: [{ name: 'NAME', help: 'the notice' }],
    options: {
      account: {
        type: 'text',
        value: 'ACCOUNT',
        help: 'whose code it is; - reads it from standard input, where other users of the machine do not see it',
      },
      ...LOCAL,
    },
    examples: ['dunant agent published spring --account - --client desk.json'],
    load: async () => (await import('#cli/commands/agent-notice.ts')).published,
  },
  {
    path: 'agent hold',
    summary: 'keep everything of a matter, whatever its age',
    args: [{ name: 'MATTER', help: 'the matter' }],
    options: {
      reason: { type: 'text', value: 'TEXT', help: 'why' },
      until: { type: 'text', value: 'INSTANT', help: 'such as 2027-12-31T00:00:00Z' },
      lift: { type: 'flag', help: 'let it go again' },
      ...LOCAL,
    },
    examples: [
      'dunant agent hold case-1 --reason litigation --until 2027-12-31T00:00:00Z --client desk.json',
    ],
    load: async () => (await import('#cli/commands/agent-notice.ts')).hold,
  },
  {
    path: 'export',
    summary: 'open the archive of a matter: a hashed, signed set of files with a custody manifest',
    about: [
      "It needs the archive's private key, which the agent does not have. Bring a copy of the folder archive of the agent to where that key is.",
    ],
    options: {
      matter: { type: 'text', value: 'NAME', help: 'the matter' },
      archive: { type: 'text', value: 'DIR', help: 'the folder archive of the agent, or a copy' },
      'archive-key': { type: 'text', value: 'FILE', help: "the archive's private key" },
      key: {
        type: 'text',
        value: 'FILE',
        help: 'the key of whoever exports: it signs the manifest',
      },
      for: { type: 'text', value: 'TEXT', help: 'who receives the set' },
      reason: { type: 'text', value: 'TEXT', help: 'why it is exported' },
      out: { type: 'text', value: 'DIR', help: 'a new folder' },
    },
    uses: ['passphrase'],
    examples: [
      'dunant export --matter case-1 --archive archive --archive-key archive.asc --key counsel --for court --reason "order of 1 May" --out case-1',
    ],
    load: async () => (await import('#cli/commands/export.ts')).run,
  },
]
