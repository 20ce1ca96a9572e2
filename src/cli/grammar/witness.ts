import type { CommandSpec, Options } from './spec.ts'

const DATA: Options = {
  data: { type: 'text', value: 'DIR', help: "the witness's own folder; default .dunant-witness" },
}

/** What a member does who watches the log of a coalition. */
export const WITNESS_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'witness',
    summary: 'run a witness: it cosigns what a log shows, as long as the log only grows',
    about: [
      'It speaks C2SP tlog-witness and listens on this machine alone unless told otherwise; put a proxy with TLS in front. Run it away from the server whose log it watches.',
      'What it cosigned last stands in its folder. Without that memory it does not start: never restore the folder from a backup, make a new witness instead.',
    ],
    options: {
      host: { type: 'text', value: 'ADDRESS', help: 'address to listen on; default 127.0.0.1' },
      port: { type: 'text', value: 'N', help: 'port to listen on, 0 for any; default 8788' },
      'client-address-header': {
        type: 'text',
        value: 'FIELD',
        help: 'the field in which a proxy names the client last; without it all behind it count as one',
      },
      quiet: { type: 'flag', help: 'print no line per event' },
      ...DATA,
    },
    examples: ['dunant witness', 'dunant witness --data /srv/witness --port 8080'],
    load: async () => (await import('#cli/commands/witness.ts')).run,
  },
  {
    path: 'witness init',
    summary: "make a witness's key and folder, and print its key for the charter",
    options: {
      name: {
        type: 'text',
        value: 'NAME',
        help: 'how it signs, such as witness.contoso.example/dunant',
      },
      ...DATA,
    },
    examples: ['dunant witness init --name witness.contoso.example/dunant'],
    load: async () => (await import('#cli/commands/witness.ts')).init,
  },
  {
    path: 'witness follow',
    summary: 'have a witness watch a log, by the key of the log',
    about: [
      'A log that this witness does not watch yet takes --new: from then on it is held to what was cosigned. Without --new, a log that is watched gets one more key, as when its key is replaced. The witness must not run meanwhile.',
    ],
    args: [{ name: 'VKEY', help: 'verifier key of the log: NAME+KEYID+BASE64' }],
    options: { new: { type: 'flag', help: 'begin with a log that is not watched yet' }, ...DATA },
    examples: ['dunant witness follow --new coalition.example+5a662682+AQOhB7…'],
    load: async () => (await import('#cli/commands/witness.ts')).follow,
  },
  {
    path: 'witness show',
    summary: "print a witness's key, and the logs that it watches",
    options: DATA,
    examples: ['dunant witness show'],
    load: async () => (await import('#cli/commands/witness.ts')).show,
  },
]
