import { type CommandSpec, SERVER_DATA } from './spec.ts'

/** What an operator does. */
export const SERVER_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'init',
    summary: "make a server's keys and folder, with --solo a whole coalition of one company",
    about: [
      'Without --solo it prints the terms that the founders put into their charter. When the charter is drafted, run it again with --genesis: a server accepts no other charter, and is told once.',
      'With --solo it also makes an officer key, drafts, signs and adopts the charter. It takes a minute, and the coalition of one can join a larger one later.',
    ],
    options: {
      solo: { type: 'text', value: 'DOMAIN', help: 'found a coalition of this one company' },
      origin: { type: 'text', value: 'NAME', help: 'DNS name of the coalition' },
      genesis: {
        type: 'text',
        value: 'ID',
        help: 'the charter that an existing folder is to accept',
      },
      name: {
        type: 'text',
        value: 'NAME',
        help: 'with --solo: name in the officer key; default the domain',
      },
      server: {
        type: 'text',
        value: 'URL',
        help: 'with --solo: where it will answer; default http://127.0.0.1:8787',
      },
      'no-passphrase': {
        type: 'flag',
        help: 'with --solo: leave the officer key without a passphrase',
      },
      out: { type: 'text', value: 'FILE', help: 'write the terms here' },
      ...SERVER_DATA,
    },
    uses: ['passphrase'],
    examples: [
      'dunant init --solo contoso.example --origin notices.contoso.example',
      'dunant init --origin coalition.example --data /srv/dunant --out terms.json',
      'dunant init --data /srv/dunant --genesis 5f0c…',
    ],
    load: async () => (await import('#cli/commands/init.ts')).init,
  },
  {
    path: 'serve',
    summary: 'run a server on its folder',
    about: [
      'It listens on this machine alone unless told otherwise; put a proxy with TLS in front. The first run without a folder makes one and says what to do next.',
    ],
    options: {
      host: {
        type: 'text',
        value: 'ADDRESS',
        help: 'address to listen on; default 127.0.0.1, or DUNANT_HOST',
      },
      port: {
        type: 'text',
        value: 'N',
        help: 'port to listen on, 0 for any; default 8787, or DUNANT_PORT',
      },
      origin: {
        type: 'text',
        value: 'NAME',
        help: 'DNS name of a coalition whose folder is not there yet',
      },
      quiet: { type: 'flag', help: 'print no line per event' },
      ...SERVER_DATA,
    },
    examples: ['dunant serve', 'dunant serve --data /srv/dunant --port 8080'],
    load: async () => (await import('#cli/commands/serve.ts')).serve,
  },
  {
    path: 'log-signer',
    summary: 'hold the log key for any number of servers that share a PostgreSQL database',
    about: [
      'It needs server.json, keys/log.seed and log-memory of the folder that dunant init made; the servers need everything else of it, and DUNANT_LOG_SIGNER. One process at a time works on the folder. Without its memory it does not start: never restore log-memory from a backup.',
      'It listens on a Unix socket, log.sock in its own folder, which no other user of the machine can reach. On a port, it asks for the secret in keys/signer.secret, which it makes at its first start there; beyond this machine put a proxy with TLS in front, which passes on the address of the signer as Host.',
    ],
    options: {
      socket: { type: 'text', value: 'PATH', help: 'listen on this Unix socket' },
      'for-group': { type: 'flag', help: 'let the group of this process use the socket' },
      host: {
        type: 'text',
        value: 'ADDRESS',
        help: 'listen on a port of this address; default 127.0.0.1',
      },
      port: { type: 'text', value: 'N', help: 'listen on this port, 0 for any; default 8789' },
      quiet: { type: 'flag', help: 'print no line per event' },
      ...SERVER_DATA,
    },
    examples: [
      'dunant log-signer --data /srv/log-signer',
      'dunant log-signer --data /srv/log-signer --socket /run/dunant/log.sock',
    ],
    load: async () => (await import('#cli/commands/log-signer.ts')).run,
  },
  {
    path: 'log-signer rotate',
    summary: 'prepare the log key that follows the one in use, and print it for the charter',
    about: [
      'Nothing changes yet. The batch of the log that holds the charter.amend with this log_key is the first that the new key signs, and the old key is deleted then. Tell the witnesses the new key before: dunant witness follow.',
    ],
    options: SERVER_DATA,
    examples: ['dunant log-signer rotate --data /srv/dunant'],
    load: async () => (await import('#cli/commands/log-signer.ts')).rotate,
  },
  {
    path: 'log-signer secret',
    summary: 'make the secret that a log signer and its servers share',
    options: SERVER_DATA,
    examples: ['dunant log-signer secret --data /srv/log-signer'],
    load: async () => (await import('#cli/commands/log-signer.ts')).secret,
  },
  {
    path: 'service-key rotate',
    summary: 'prepare the service key that follows the one in use, and print its certificate',
    about: [
      'Nothing changes yet. The server signs with the new key from the moment on at which a charter amend that names its certificate takes effect; a server that runs needs no restart. The old key is deleted then.',
    ],
    options: {
      out: { type: 'text', value: 'FILE', help: 'write the armored certificate here' },
      ...SERVER_DATA,
    },
    examples: ['dunant service-key rotate --data /srv/dunant --out service.pub.asc'],
    load: async () => (await import('#cli/commands/service-key.ts')).rotate,
  },
  {
    path: 'challenge-secret rotate',
    summary: 'replace the secret of the challenges, while the server does not run',
    about: [
      'Challenges that were not answered yet are void: who enrols asks for another. Nothing that was enrolled changes, and no other party has a part in it.',
    ],
    options: SERVER_DATA,
    examples: ['dunant challenge-secret rotate --data /srv/dunant'],
    load: async () => (await import('#cli/commands/service-key.ts')).replaceChallengeSecret,
  },
]
