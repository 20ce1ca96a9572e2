import type { CommandSpec } from './spec.ts'

const FILE = { name: 'FILE', help: 'a receipt, or - for standard input' }

/** Proofs, checked without a server. */
export const RECEIPT_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'product open',
    summary:
      "check a customer's file from a company's product and show the notice with who stands behind it",
    about: [
      'Works without a server. Give the account as you know it: a file made for another account is refused. Exit code 6 says that it is logged but not witnessed as the charter asks.',
      'A notice that came by mail has the file inside its encryption: `gpg --decrypt mail.eml > notice.txt`, and open that.',
    ],
    args: [
      { name: 'FILE', help: 'the product file or the decrypted mail, or - for standard input' },
    ],
    options: { account: { type: 'text', value: 'ACCOUNT', help: 'your account with the company' } },
    uses: ['coalition'],
    examples: ['dunant product open notice.json --account alice@mail.example'],
    load: async () => (await import('#cli/commands/product.ts')).open,
  },
  {
    path: 'receipt get',
    summary: 'fetch the receipt of an act',
    args: [{ name: 'ACT', help: 'its id' }],
    options: { out: { type: 'text', value: 'FILE', help: 'write it here' } },
    uses: ['coalition', 'signer', 'passphrase'],
    examples: ['dunant receipt get c07d… --out receipt.json --party contoso.example --key alice'],
    load: async () => (await import('#cli/commands/receipt.ts')).get,
  },
  {
    path: 'receipt verify',
    summary: 'check a receipt offline: who signed, under which roster, and that it is in the log',
    about: [
      'Exit code 0 only if as many witnesses cosigned as the charter asks; 6 if it is logged but not witnessed.',
    ],
    args: [FILE],
    uses: ['coalition'],
    examples: ['dunant receipt verify receipt.json --origin coalition.example --genesis 5f0c…'],
    load: async () => (await import('#cli/commands/receipt.ts')).verify,
  },
  {
    path: 'receipt show',
    summary: 'show what a receipt says, without a word on whether it is true',
    args: [FILE],
    examples: ['dunant receipt show receipt.json'],
    load: async () => (await import('#cli/commands/receipt.ts')).show,
  },
]
