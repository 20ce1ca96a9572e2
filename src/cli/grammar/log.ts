import { type CommandSpec, SERVER_DATA } from './spec.ts'

/** The public log. */
export const LOG_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'log verify',
    summary: 'check that the log is the one you saw before, only longer',
    uses: ['coalition'],
    examples: ['dunant log verify'],
    load: async () => (await import('#cli/commands/log.ts')).verify,
  },
  {
    path: 'log audit',
    summary: 'download the whole log, rebuild its tree and replay every public record',
    uses: ['coalition'],
    examples: ['dunant log audit --json'],
    load: async () => (await import('#cli/commands/log.ts')).audit,
  },
  {
    path: 'log watch-once',
    summary: 'look once for what concerns your party: its own records, and whether one is withheld',
    about: [
      'Run it from a timer. Exit code 5 says that there is something to look into. Acts that this home filed are known to it; name others that are in order with --accept, once.',
    ],
    options: {
      accept: {
        type: 'list',
        value: 'ACT',
        help: 'this act in the name of your party, or about it, is in order',
      },
    },
    uses: ['coalition', 'signer', 'passphrase'],
    examples: [
      'dunant log watch-once --party contoso.example',
      'dunant log watch-once --party contoso.example --accept 77ab…',
    ],
    load: async () => (await import('#cli/commands/log.ts')).watchOnce,
  },
  {
    path: 'log watch',
    summary:
      'follow the log and raise an alarm: a fork, a stale log, a record that you did not expect',
    about: [
      'It reads what is new since its last look and prints one line of JSON per alert: log-refused, stale, quorum-missing, withheld, unknown, waiting, unlogged, outside-chain, head-wrong, expires. Evidence of a fork, both checkpoints with what shows it, is kept in a file that dunant log evidence checks.',
      'With --once it looks once and ends with 5 for something to look into, with 6 where the log is only stale, short of witnesses, or a certificate about to end.',
    ],
    options: {
      party: { type: 'text', value: 'DOMAIN', help: 'watch for records in the name of this party' },
      accept: {
        type: 'list',
        value: 'ACT',
        help: 'this act in the name of your party, or about it, is in order',
      },
      once: { type: 'flag', help: 'look once, for cron' },
      every: { type: 'text', value: 'SECONDS', help: 'pause between two looks; default 60' },
      stale: {
        type: 'text',
        value: 'HOURS',
        help: 'alert where nothing fresh was seen for so long; default 26',
      },
      exec: {
        type: 'text',
        value: 'COMMAND',
        help: 'run this by sh for each alert, with the line on standard input',
      },
    },
    uses: ['coalition'],
    examples: [
      'dunant log watch --party contoso.example',
      'dunant log watch --once --stale 4 --exec "mail -s log soc@contoso.example"',
    ],
    load: async () => (await import('#cli/commands/log-watch.ts')).watch,
  },
  {
    path: 'log evidence',
    summary: 'check evidence of a fork, offline',
    about: [
      'It goes by the log keys of the chain that this home has pinned, or by those that you give; what the file says of keys counts for nothing.',
      'Exit code 0 says that these keys signed two histories, 4 that the notes are of one, and 5 that nothing is proven.',
    ],
    args: [{ name: 'FILE', help: 'what dunant log watch wrote' }],
    options: {
      'known-key': {
        type: 'list',
        value: 'VKEY',
        help: 'a log key of the coalition, from its members; default those of the pinned chain',
      },
    },
    examples: ['dunant log evidence fork-0b5c.json'],
    load: async () => (await import('#cli/commands/log-watch.ts')).evidence,
  },
  {
    path: 'log witnesses',
    summary:
      "ask the charter's witnesses, as the server's folder reaches them, what they cosigned last",
    about: ['For the operator. Exit code 7 says that fewer answer than the charter asks for.'],
    options: SERVER_DATA,
    uses: ['coalition'],
    examples: ['dunant log witnesses --data /srv/dunant'],
    load: async () => (await import('#cli/commands/log-witnesses.ts')).witnesses,
  },
  {
    path: 'api',
    summary: 'call the interface directly, signed in where a key is given',
    args: [
      { name: 'METHOD', help: 'GET, HEAD, POST or PUT' },
      { name: 'PATH', help: '/api/… or /log/…' },
    ],
    options: {
      body: { type: 'text', value: 'FILE', help: 'what to send, or - for standard input' },
      type: { type: 'text', value: 'TYPE', help: 'its content type; default application/json' },
      out: { type: 'text', value: 'FILE', help: 'write the answer here' },
    },
    uses: ['coalition', 'signer', 'passphrase'],
    examples: [
      'dunant api GET /api/directory',
      'dunant api GET "/api/acts?status=pending" --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/api.ts')).api,
  },
]
