import type { CommandSpec, Options } from './spec.ts'

const RELAY: Options = {
  relay: { type: 'text', value: 'DIR', help: "the relay's own folder; default .dunant-relay" },
}

/** What a member runs that mails its notices. */
export const RELAY_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'relay',
    summary: 'send the mails that are queued, until it is told to end',
    about: [
      'The folder has relay.json with the settings, relay.key with the secret by which the outbox is read, which is made at the first start, and outbox.sqlite.',
      'relay.json: {"from": {"name": "Contoso Security", "address": "notices@contoso.example"}, "bounces": "bounces@contoso.example", "smtp": {"host": "smtp.contoso.example", "port": 465, "tls": "implicit", "user": "notices", "password_file": "smtp.password"}, "certificate": "notices.pub.asc"}. With "tls": "starttls" nothing is sent where the server offers no TLS; "authorities" names a PEM file of your own authority.',
      'A mail is encrypted to its recipient or not sent. Several processes may share a folder.',
    ],
    options: { quiet: { type: 'flag', help: 'print no line per event' }, ...RELAY },
    examples: ['dunant relay --relay /srv/relay'],
    load: async () => (await import('#cli/commands/relay.ts')).run,
  },
  {
    path: 'relay status',
    summary: 'show how many mails are in each state',
    options: RELAY,
    examples: ['dunant relay status --relay /srv/relay'],
    load: async () => (await import('#cli/commands/relay.ts')).status,
  },
  {
    path: 'relay hold',
    summary: 'hold what of a batch was not sent yet, or let it go on',
    about: [
      'It counts at once for every process that shares the folder. Mails that a server is being given just now are the only ones that still go; what is queued for the batch later is held too.',
    ],
    args: [{ name: 'BATCH', help: 'the name under which its mails were queued' }],
    options: { release: { type: 'flag', help: 'let it go on' }, ...RELAY },
    examples: ['dunant relay hold 3d21…', 'dunant relay hold 3d21… --release'],
    load: async () => (await import('#cli/commands/relay.ts')).hold,
  },
  {
    path: 'relay key',
    summary: 'find the certificate of a mail address, and say what is odd about it',
    about: [
      'The address\'s own domain is asked (WKD), and the key servers that relay.json names: {"key_servers": {"vks": ["keys.openpgp.org"], "hkp": []}}. Each of them learns whom you ask for, so none is asked unless it is named.',
      'The first key that is found is pinned. Another one is shown and not used until `relay confirm`.',
    ],
    args: [{ name: 'ADDRESS', help: 'a mail address' }],
    options: RELAY,
    examples: ['dunant relay key alice@customer.example --relay /srv/relay'],
    load: async () => (await import('#cli/commands/relay.ts')).key,
  },
  {
    path: 'relay confirm',
    summary: 'use another key for an address, because its owner has confirmed it',
    about: [
      'Without --by-old-key the fingerprint must be what the owner told you by another channel, all of it. With it, the owner has signed four lines with the old key (gpg --detach-sign): dunant-key-change-v1, the address, the old fingerprint, the new one.',
    ],
    args: [
      { name: 'ADDRESS', help: 'a mail address' },
      { name: 'FINGERPRINT', help: 'of the new key' },
    ],
    options: {
      'by-old-key': {
        type: 'text',
        value: 'FILE',
        help: 'armored detached signature by the old key',
      },
      ...RELAY,
    },
    examples: [
      'dunant relay confirm alice@customer.example 5f0c…',
      'dunant relay confirm alice@customer.example 5f0c… --by-old-key change.asc',
    ],
    load: async () => (await import('#cli/commands/relay.ts')).confirm,
  },
  {
    path: 'relay bounce',
    summary: 'take a report of failure (RFC 3464), as a mail server hands it over',
    about: [
      'Have the mail server pipe what comes to the bounce address into it, such as `|dunant relay bounce --relay /srv/relay -`. The report counts if the address that it came to has the token of a mail that was sent, and nothing of it is kept.',
    ],
    args: [{ name: 'FILE', help: 'the message; - for standard input' }],
    options: RELAY,
    examples: ['dunant relay bounce --relay /srv/relay -'],
    load: async () => (await import('#cli/commands/relay.ts')).bounce,
  },
]
