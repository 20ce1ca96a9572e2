import type { CommandSpec } from './spec.ts'

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
