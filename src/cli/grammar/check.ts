import type { CommandSpec, Options } from './spec.ts'

const LISTS: Options = {
  list: {
    type: 'list',
    value: 'FILE',
    help: 'a list that check fetch wrote; may be repeated. No server is asked then',
  },
  language: {
    type: 'text',
    value: 'TAG',
    help: 'of the answer: ar, de, en, es, fr, pt, ru or zh-Hans; default that of the terminal',
  },
}

/** Is this notice genuine? */
export const CHECK_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'check',
    summary: 'find out whether a notice is genuine, without telling anybody what you check',
    about: [
      'Code and account stay on this machine. What is downloaded is the same for hundreds of codes; with --list nothing is. Only the code of the very account is found: a code that was taken from somebody else is not.',
      'Exit code 0 only for a notice that is in force and whose list enough witnesses have seen; 6 where they have not; 5 for everything else. What is not found is not called a forgery: a new code can take six hours.',
      'With - as the code, both are read from standard input, a line each: what is typed behind a command can be seen by other users of a machine.',
    ],
    args: [
      {
        name: 'CODE',
        help: 'twenty letters or thirty digits, as they stand in the notice',
        count: 'some',
      },
    ],
    options: {
      account: { type: 'text', value: 'ACCOUNT', help: 'your account, as you know it' },
      ...LISTS,
    },
    uses: ['coalition'],
    examples: [
      'dunant check ABCD-EFGH-JKLM-NOPR-STUV --account alice@mail.example',
      'dunant check - --list lists/contoso.example-account.check',
    ],
    load: async () => (await import('#cli/commands/check.ts')).check,
  },
  {
    path: 'check fetch',
    summary: 'download all lists that are in force, to check without a network',
    options: {
      out: { type: 'text', value: 'DIR', help: 'folder for the lists; older ones are replaced' },
    },
    uses: ['coalition'],
    examples: ['dunant check fetch --out lists'],
    load: async () => (await import('#cli/commands/check.ts')).fetch,
  },
  {
    path: 'check desk',
    summary: 'answer callers who read a code aloud, offline, keeping nothing',
    about: [
      'Takes lists that are keyed by codes alone (NAME-code.check), since a desk never asks for an account. So it can say that a notice with a code exists and what it says, and not that it is for the caller: a code that was taken from somebody else gets the same answer. The answer tells the caller to compare the account, and what it says to do is harmless to anybody.',
      'A line of standard input is a code; an empty line clears the screen.',
    ],
    options: LISTS,
    uses: ['coalition'],
    examples: ['dunant check desk --list lists/contoso.example-code.check --language fr'],
    load: async () => (await import('#cli/commands/check-desk.ts')).desk,
  },
  {
    path: 'check fakes',
    summary: 'show messages that are known to be forged',
    uses: ['coalition'],
    examples: ['dunant check fakes'],
    load: async () => (await import('#cli/commands/fake.ts')).fakes,
  },
  {
    path: 'check report',
    summary: 'report a message that you think is forged, readable for one company alone',
    about: [
      'The file is encrypted on this machine to the officers of the company. The coalition keeps ciphertext for 30 days, and nothing of who sent it. Leave out whatever nobody has to know; a copy of the message is enough.',
    ],
    args: [{ name: 'FILE', help: 'the message, or - for standard input' }],
    options: { imitates: { type: 'text', value: 'DOMAIN', help: 'the company that it imitates' } },
    uses: ['coalition'],
    examples: ['dunant check report message.txt --imitates contoso.example'],
    load: async () => (await import('#cli/commands/fake.ts')).report,
  },
  {
    path: 'check reports',
    summary: 'fetch the reports to your party of the last 30 days, as they were encrypted',
    options: {
      out: { type: 'text', value: 'DIR', help: 'folder for them; open each with gpg --decrypt' },
    },
    uses: ['coalition', 'signer', 'passphrase'],
    examples: ['dunant check reports --out reports --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/fake.ts')).reports,
  },
  {
    path: 'check warn',
    summary: 'publish a forged message, so that whoever receives it knows it again',
    about: [
      'The file is JSON: channel (call, chat, letter, mail, sms or web), imitates, language, lines, reports, seen_on, and perhaps subject and replaces. Nothing in the lines may be followed: write an address as contoso-login[.]example. Leave out whoever received it.',
    ],
    args: [{ name: 'FILE.json', help: 'the sample' }],
    uses: ['coalition', 'signer', 'passphrase'],
    examples: ['dunant check warn sample.json --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/fake.ts')).warn,
  },
  {
    path: 'check publish',
    summary: 'build your list of check codes and publish it for the next release',
    about: [
      'Run it for every release, at 00:00, 06:00, 12:00 and 18:00 UTC, whether or not anything happened: nobody can tell a list without codes from another. The first run of a quarter computes a key for each code, 20 ms of one processor each; they are kept in --work, and a run that was killed goes on where it stopped.',
      'The file has lines of JSON: {"id","text"} names a text once, {"account","code","since","status","text"} is a code; status is valid, updated, corrected, withdrawn or published.',
    ],
    options: {
      codes: { type: 'text', value: 'FILE.ndjson', help: 'all codes that you have issued' },
      work: { type: 'text', value: 'DIR', help: 'folder for keys, as secret as the codes' },
      room: {
        type: 'text',
        value: 'N',
        help: 'make the list as large as one for N codes, so that its size does not tell when it grows',
      },
      desk: { type: 'flag', help: 'publish the list for telephone desks, keyed by codes alone' },
    },
    uses: ['coalition', 'signer', 'passphrase'],
    examples: [
      'dunant check publish --codes codes.ndjson --work check-keys --room 5000 --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/check-publish.ts')).publish,
  },
]
