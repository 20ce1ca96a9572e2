import type { CommandSpec, Options } from './spec.ts'

const SIGNING = ['coalition', 'signer', 'passphrase'] as const
const READER: Options = {
  'reporter-key': {
    type: 'text',
    value: 'FILE',
    help: 'with --gpg: the software key of an officer that signs and opens messages',
  },
}
const CAMPAIGN = { name: 'CAMPAIGN', help: 'its act id' }

/** Companies agree to look at one attack together. */
export const CAMPAIGN_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'campaign open',
    summary: 'invite parties to a campaign by a label that only they can read',
    about: [
      'The label tells TLP, sector, urgency and terms; the content goes out with `campaign share`, to those who accepted.',
    ],
    options: {
      invite: { type: 'list', value: 'DOMAIN', help: 'a party to invite' },
      label: { type: 'text', value: 'FILE', help: 'JSON with tlp, sector, urgency and terms' },
      ...READER,
    },
    uses: SIGNING,
    examples: [
      'dunant campaign open --invite fabrikam.example --label label.json --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/campaign.ts')).open,
  },
  {
    path: 'campaign accept',
    summary: 'accept an invitation and its terms',
    args: [CAMPAIGN],
    uses: SIGNING,
    examples: ['dunant campaign accept 3d21… --party fabrikam.example --key bob'],
    load: async () => (await import('#cli/commands/campaign.ts')).acceptInvitation,
  },
  {
    path: 'campaign share',
    summary: 'send the content to those who accepted',
    args: [CAMPAIGN],
    options: {
      to: {
        type: 'list',
        value: 'DOMAIN',
        help: 'a party that accepted; default all who were invited',
      },
      content: {
        type: 'text',
        value: 'FILE',
        help: 'JSON with findings and indicators; never a customer',
      },
      ...READER,
    },
    uses: SIGNING,
    examples: [
      'dunant campaign share 3d21… --content content.json --party contoso.example --key alice',
    ],
    load: async () => (await import('#cli/commands/campaign.ts')).share,
  },
  {
    path: 'campaign list',
    summary: 'list the campaigns that this home opened, accepted or looked at',
    examples: ['dunant campaign list'],
    load: async () => (await import('#cli/commands/campaign.ts')).list,
  },
  {
    path: 'campaign show',
    summary: 'decrypt and show the label, or the content once you accepted',
    args: [CAMPAIGN],
    options: {
      content: {
        type: 'text',
        value: 'SHA256',
        help: 'open this content message, which `campaign share` named',
      },
      ...READER,
    },
    uses: SIGNING,
    examples: ['dunant campaign show 3d21… --party fabrikam.example --key bob'],
    load: async () => (await import('#cli/commands/campaign.ts')).show,
  },
]
