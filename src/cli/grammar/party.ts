import type { CommandSpec, Options } from './spec.ts'

const OFFICER =
  'FILE:DUTIES, where FILE comes from dunant challenge answer and DUTIES from admin, counsel, reporter, responder, reviewer'
const SIGNING = ['coalition', 'signer', 'passphrase'] as const
const DRAFT_OUT: Options = { out: { type: 'text', value: 'FILE', help: 'write it here' } }

/** Founding, parties and officers. */
export const PARTY_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'party charter',
    summary: 'draft the charter of a new coalition',
    about: [
      'Prints the genesis id, which every founder publishes and every client pins. Each founder signs the draft with `party sign`.',
    ],
    options: {
      terms: { type: 'text', value: 'FILE', help: 'what `dunant init` printed' },
      founder: {
        type: 'list',
        value: 'DOMAIN=FILE:DUTIES',
        help: 'an officer of a founder: certificate and duties, joined by commas',
      },
      quorums: { type: 'text', value: 'FILE', help: 'quorums other than the usual ones, as JSON' },
      'adopt-template': {
        type: 'list',
        value: 'HASH',
        help: 'a template besides those that come with this version',
      },
      witness: { type: 'list', value: 'VKEY', help: 'the key of a witness of the log' },
      'witness-quorum': {
        type: 'text',
        value: 'N',
        help: 'how many witnesses must cosign; at least 2',
      },
      ...DRAFT_OUT,
    },
    examples: [
      'dunant party charter --terms terms.json --founder contoso.example=alice.pub.asc:admin,reporter,reviewer --founder fabrikam.example=bob.pub.asc:admin,reporter,reviewer --out charter.json',
    ],
    load: async () => (await import('#cli/commands/charter.ts')).charter,
  },
  {
    path: 'party sign',
    summary: 'read a drafted act and sign it, without a server',
    about: [
      'Everything in the act is shown. What is signed is made anew from what was parsed and shown.',
    ],
    args: [{ name: 'FILE', help: 'the draft' }],
    options: {
      id: { type: 'text', value: 'ID', help: 'sign only if the act has this id' },
      out: {
        type: 'text',
        value: 'FILE',
        help: 'write the signature here; default FILE.FINGERPRINT.asc',
      },
    },
    uses: ['signer', 'passphrase'],
    examples: [
      'dunant party sign charter.json --id 5f0c… --key alice',
      'dunant party sign charter.json --gpg 4AEE18F83AFDEB23…',
    ],
    load: async () => (await import('#cli/commands/review.ts')).sign,
  },
  {
    path: 'party found',
    summary: "bring the charter with all founders' signatures to the server",
    args: [{ name: 'FILE', help: 'the charter' }],
    options: {
      signature: { type: 'list', value: 'FILE', help: 'a signature that `party sign` made' },
    },
    uses: ['coalition'],
    examples: [
      'dunant party found charter.json --signature charter.json.4aee….asc --signature charter.json.99f1….asc --server https://coalition.example',
    ],
    load: async () => (await import('#cli/commands/charter.ts')).found,
  },
  {
    path: 'party review',
    summary: 'show an act that waits for signatures; with --sign, sign it too',
    args: [{ name: 'ACT', help: 'its id; left out, all that wait are listed', count: 'optional' }],
    options: { sign: { type: 'flag', help: 'sign what was shown and send the signature' } },
    uses: SIGNING,
    examples: [
      'dunant party review --party fabrikam.example --key bob',
      'dunant party review 77ab… --party fabrikam.example --key bob --sign',
    ],
    load: async () => (await import('#cli/commands/review.ts')).review,
  },
  {
    path: 'party withdraw',
    summary: 'take back your signature under an act that waits, or your own act',
    args: [{ name: 'ACT', help: 'its id' }],
    uses: SIGNING,
    examples: ['dunant party withdraw 77ab… --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/party.ts')).withdraw,
  },
  {
    path: 'party admit',
    summary: 'propose a new party, or new officers for one that lost its last admin',
    args: [{ name: 'DOMAIN', help: 'its domain' }],
    options: {
      kind: { type: 'text', value: 'KIND', help: 'member (default), partner or panelist' },
      officer: { type: 'list', value: 'FILE:DUTIES', help: OFFICER },
    },
    uses: SIGNING,
    examples: [
      'dunant party admit tailspin.example --officer carol.officer.json:admin,reporter --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/party.ts')).admit,
  },
  {
    path: 'party suspend',
    summary: 'propose to suspend a party',
    args: [{ name: 'DOMAIN', help: 'its domain' }],
    options: {
      reason: { type: 'text', value: 'REASON', help: 'compromised, conduct, inactive or left' },
    },
    uses: SIGNING,
    examples: [
      'dunant party suspend tailspin.example --reason compromised --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/party.ts')).suspend,
  },
  {
    path: 'party policy',
    summary: 'say which duties must sign what for your party, and whether two officers must',
    about: [
      'The whole policy is replaced: give every rule that is to stand. What it means is said in words; one that nobody could fulfil is not sent.',
    ],
    options: {
      rule: {
        type: 'list',
        value: 'TYPE=DUTIES',
        help: 'acts of this type need an officer of each of these duties',
      },
      'two-officers': { type: 'flag', help: 'every act needs two officers' },
      explain: { type: 'flag', help: 'say what it would mean, and send nothing' },
      anyway: { type: 'flag', help: 'send it although some acts could not be completed any more' },
    },
    uses: SIGNING,
    examples: [
      'dunant party policy --rule notice.file=counsel,reporter --two-officers --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/party.ts')).policy,
  },
  {
    path: 'party officer add',
    summary: 'enrol an officer of your party',
    args: [{ name: 'FILE:DUTIES', help: 'the officer file and the duties, joined by commas' }],
    uses: SIGNING,
    examples: [
      'dunant party officer add dave.officer.json:reporter --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/officer.ts')).add,
  },
  {
    path: 'party officer change',
    summary: 'change the duties of an officer of your party',
    args: [{ name: 'FINGERPRINT', help: "the officer's primary key" }],
    options: { duty: { type: 'list', value: 'DUTY', help: 'a duty that the officer is to have' } },
    uses: SIGNING,
    examples: [
      'dunant party officer change 99f1… --duty reporter --duty reviewer --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/officer.ts')).change,
  },
  {
    path: 'party officer retire',
    summary: 'retire an officer of your party; as compromised, any admin may alone',
    args: [{ name: 'FINGERPRINT', help: "the officer's primary key" }],
    options: {
      reason: { type: 'text', value: 'REASON', help: 'retired (default) or compromised' },
    },
    uses: SIGNING,
    examples: [
      'dunant party officer retire 99f1… --reason compromised --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/officer.ts')).retire,
  },
  {
    path: 'party officer replace',
    summary: 'replace a certificate by one of the same primary key: new subkeys or expiry',
    args: [{ name: 'FILE', help: 'the officer file of the new certificate' }],
    uses: SIGNING,
    examples: [
      'dunant party officer replace alice.officer.json --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/officer.ts')).replace,
  },
  {
    path: 'party list',
    summary: 'list the parties, as the verified directory has them',
    uses: ['coalition'],
    examples: ['dunant party list'],
    load: async () => (await import('#cli/commands/party.ts')).list,
  },
  {
    path: 'party show',
    summary: 'show one party with its officers',
    args: [{ name: 'DOMAIN', help: 'its domain' }],
    uses: ['coalition'],
    examples: ['dunant party show contoso.example'],
    load: async () => (await import('#cli/commands/party.ts')).show,
  },
  {
    path: 'charter amend',
    summary: 'propose other terms of the charter: service certificate, log key, witnesses, quorums',
    about: [
      'What is not named stays as it is. The whole of the terms is signed; it takes effect when enough members have signed it (dunant party review ACT --sign).',
    ],
    options: {
      'service-certificate': {
        type: 'text',
        value: 'FILE',
        help: 'the armored certificate that dunant service-key rotate printed',
      },
      'log-key': { type: 'text', value: 'VKEY', help: 'what dunant log-signer rotate printed' },
      'add-witness': { type: 'list', value: 'VKEY', help: 'the key of a further witness' },
      'remove-witness': { type: 'list', value: 'VKEY', help: 'the key of a witness that leaves' },
      'witness-quorum': {
        type: 'text',
        value: 'N',
        help: 'how many witnesses must cosign; at least 2, or 0 without any',
      },
      quorums: { type: 'text', value: 'FILE', help: 'the quorums that change, as JSON' },
    },
    uses: SIGNING,
    examples: [
      'dunant charter amend --service-certificate service.pub.asc --party contoso.example --key alice',
      'dunant charter amend --log-key coalition.example+5a662682+AQOh… --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/amend.ts')).amend,
  },
  {
    path: 'template adopt',
    summary: 'propose a template for notices, after uploading its texts',
    about: [
      'NAME is a kind of attack and whom the notice speaks to: device/person, device/organisation. Whoever is to sign reads every word with dunant party review.',
    ],
    args: [{ name: 'NAME', help: 'a template of this version, or of the folder' }],
    options: {
      from: {
        type: 'text',
        value: 'DIR',
        help: 'a folder of templates of your own, of the form that templates/README.md describes',
      },
    },
    uses: SIGNING,
    examples: [
      'dunant template adopt device/organisation --party contoso.example --key alice',
      'dunant template adopt account/person --from our-templates --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/template.ts')).adopt,
  },
  {
    path: 'template approve',
    summary: 'approve a template as counsel, for notices of the next 90 days at most',
    about: [
      'Where your policy asks for counsel under notice.file, a notice that names the approval needs no further signature of counsel. Changed facts and another brief need no new approval, since every word of theirs stands in the template; another template or another version of it does.',
      'Countries stand in the act as a commitment, which --out opens: hand that file to your reporters, and to nobody else. The server never learns them. An approval is taken back at any time with: dunant party withdraw ACT',
    ],
    args: [{ name: 'TEMPLATE', help: 'an adopted template, by kind or hash' }],
    options: {
      country: {
        type: 'list',
        value: 'CODE',
        help: 'a country of the customers (ISO 3166-1), such as FR',
      },
      'any-country': { type: 'flag', help: 'customers in any country, also where none is known' },
      'own-words': {
        type: 'flag',
        help: 'also sentences that the company words itself (method_plain, seen)',
      },
      days: { type: 'text', value: 'N', help: 'how long; at most 90, the default' },
      out: { type: 'text', value: 'FILE', help: 'what dunant notice file --approval takes' },
    },
    uses: SIGNING,
    examples: [
      'dunant template approve account --country FR --country DE --out approval.json --party contoso.example --key carla',
    ],
    load: async () => (await import('#cli/commands/approval.ts')).approve,
  },
  {
    path: 'template approval',
    summary: 'show what an approval covers and whether it is in force',
    args: [{ name: 'FILE', help: 'what dunant template approve wrote' }],
    uses: SIGNING,
    examples: ['dunant template approval approval.json --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/approval.ts')).show,
  },
]
