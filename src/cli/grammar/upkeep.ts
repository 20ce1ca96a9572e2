import { type CommandSpec, SERVER_DATA } from './spec.ts'

/** Keeping a server's data safe. */
export const UPKEEP_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'backup',
    summary: "save a server's folder while it runs",
    about: [
      'Each run adds a snapshot of the database to the folder, and the blobs that are new. Everything in it is listed with its SHA-256.',
      "The memory of the log signer is left out: an old one would let the key sign a second log. Private keys are left out unless --with-keys encrypts them, with a passphrase or to somebody's certificate. PostgreSQL is backed up by its own means.",
    ],
    options: {
      out: { type: 'text', value: 'DIR', help: 'the folder for the backups of this server' },
      'with-keys': { type: 'flag', help: 'add the private keys, encrypted' },
      'keys-for': {
        type: 'text',
        value: 'FILE',
        help: 'encrypt the keys to this armored certificate; default a passphrase',
      },
      ...SERVER_DATA,
    },
    uses: ['passphrase'],
    examples: [
      'dunant backup --data /srv/dunant --out /backup/dunant',
      'dunant backup --out /backup/dunant --with-keys --keys-for custodian.pub.asc',
    ],
    load: async () => (await import('#cli/commands/backup.ts')).backup,
  },
  {
    path: 'restore',
    summary: "make a server's folder out of a backup, if its log can go on",
    about: [
      "A log must never be continued from before its end: that is a second log, and every witness and client will say so. So it takes what shows where the end was: the memory of the log signer, as it was last (HOME/log-memory of the old machine), or the last checkpoints of so many of the charter's witnesses that none can have seen more.",
      'Where the backup lacks entries it is refused, and says how many.',
    ],
    args: [{ name: 'DIR', help: 'the folder that `dunant backup` wrote into' }],
    options: {
      'signer-memory': {
        type: 'text',
        value: 'FILE',
        help: 'the memory of the log signer that survived',
      },
      checkpoint: {
        type: 'list',
        value: 'URL',
        help: 'where a witness shows its last checkpoint of this log: WITNESS/<sha256 of the origin>/checkpoint',
      },
      witness: {
        type: 'list',
        value: 'VKEY=URL|FILE',
        help: 'the same for the witness with this key; of a file you say yourself that the witness has seen no more, and that is printed and kept',
      },
      keys: {
        type: 'text',
        value: 'DIR|FILE',
        help: 'the private keys: their folder, or keys.asc of the backup',
      },
      ...SERVER_DATA,
    },
    uses: ['passphrase'],
    examples: [
      'dunant restore /backup/dunant --signer-memory /mnt/old/log-memory --keys /mnt/old/keys --data /srv/dunant',
      'dunant restore /backup/dunant --checkpoint https://witness.example/5f0c…/checkpoint --checkpoint https://other.example/5f0c…/checkpoint --data /srv/dunant',
    ],
    load: async () => (await import('#cli/commands/restore.ts')).restore,
  },
  {
    path: 'doctor',
    summary: 'look at everything that a server stands on, and say what to do',
    about: [
      'It changes nothing, and may run beside the server. Exit code 5 means that there is a fault; warnings want attention.',
    ],
    options: {
      deep: { type: 'flag', help: 'also read every bundle, line by line' },
      ...SERVER_DATA,
    },
    examples: ['dunant doctor --data /srv/dunant', 'dunant doctor --deep --json'],
    load: async () => (await import('#cli/commands/doctor.ts')).doctor,
  },
  {
    path: 'migrate',
    summary: "bring a server's database up to the schema of this version",
    about: [
      'A server does the same when it starts, after it has said so. A SQLite database is copied first; make a backup of PostgreSQL yourself. There is no way back but that copy: an older version refuses a newer schema.',
    ],
    options: SERVER_DATA,
    examples: ['dunant migrate --data /srv/dunant'],
    load: async () => (await import('#cli/commands/migrate.ts')).migrate,
  },
]
