import type { CommandSpec } from './spec.ts'

/** OpenPGP keys of officers. Keys of mailboxes are made by `mailbox enrol`. */
export const KEY_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'key generate',
    summary: 'make an officer key in your home folder',
    about: [
      'It is a version 4 key with Ed25519 and Curve25519, which every OpenPGP program reads. A certificate that revokes it is written beside it: keep that somewhere else.',
    ],
    args: [{ name: 'NAME', help: 'what you call the key: HOME/keys/NAME.asc' }],
    options: {
      name: { type: 'text', value: 'NAME', help: 'the name in its user id, that all will see' },
      email: { type: 'text', value: 'ADDRESS', help: 'the mail address in its user id' },
      'no-passphrase': { type: 'flag', help: 'leave the file unprotected' },
    },
    uses: ['passphrase'],
    examples: [
      'dunant key generate alice --name "Alice, Contoso incident response"',
      'dunant key generate reporter --name "Contoso notices" --passphrase-fd 3 3< passphrase.txt',
    ],
    load: async () => (await import('#cli/commands/key.ts')).generate,
  },
  {
    path: 'key show',
    summary: 'show what a key or certificate is and what it is good for',
    args: [{ name: 'KEY', help: 'an armored file, or the name of a key of your home' }],
    examples: ['dunant key show alice', 'dunant key show bob.pub.asc --json'],
    load: async () => (await import('#cli/commands/key.ts')).show,
  },
  {
    path: 'key export',
    summary: 'give out the public certificate of a key',
    args: [
      {
        name: 'KEY',
        help: 'the name of a key of your home; leave it out with --gpg',
        count: 'optional',
      },
    ],
    options: {
      gpg: { type: 'text', value: 'FINGERPRINT', help: 'a key of the local gpg instead' },
      'gpg-home': { type: 'text', value: 'DIR', help: 'keyring of that gpg' },
      out: { type: 'text', value: 'FILE', help: 'write it here' },
    },
    examples: [
      'dunant key export alice --out alice.pub.asc',
      'dunant key export --gpg 4AEE18F83AFDEB23…',
    ],
    load: async () => (await import('#cli/commands/key.ts')).exportKey,
  },
  {
    path: 'key check',
    summary: 'tell whether a certificate can be enrolled, and if not why',
    args: [{ name: 'FILE', help: 'an armored certificate' }],
    options: {
      kind: {
        type: 'text',
        value: 'KIND',
        help: 'officer (default), mailbox, identifiable or service',
      },
    },
    examples: ['dunant key check alice.pub.asc', 'dunant key check mailbox.asc --kind mailbox'],
    load: async () => (await import('#cli/commands/key.ts')).check,
  },
  {
    path: 'challenge answer',
    summary: 'prove to the coalition that a certificate is yours, for whoever enrols you',
    about: [
      'The answer is good for two days and for nothing but enrolling this certificate. Anything that the server sends but a challenge is answered with nothing. Give the file to the member that proposes your admission, or to an admin of your party.',
    ],
    options: {
      out: { type: 'text', value: 'FILE', help: 'write the officer file here' },
    },
    uses: ['coalition', 'signer', 'passphrase'],
    examples: ['dunant challenge answer --key alice --out alice.officer.json'],
    load: async () => (await import('#cli/commands/challenge.ts')).answer,
  },
]
