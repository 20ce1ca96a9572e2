import type { CommandSpec } from './spec.ts'

/** The coalition as a whole. */
export const DIRECTORY_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'directory pin',
    summary: 'remember a coalition, after verifying its charter and everything since',
    about: [
      'Take origin and genesis id from where members publish them, not from the server. From then on server, origin and genesis need not be given, and a server that shows another history is refused.',
    ],
    uses: ['coalition'],
    examples: [
      'dunant directory pin --server https://coalition.example --origin coalition.example --genesis 5f0c…',
    ],
    load: async () => (await import('#cli/commands/directory.ts')).pin,
  },
  {
    path: 'directory show',
    summary: 'verify and show the governance chain: charter, parties, officers, templates',
    uses: ['coalition'],
    examples: ['dunant directory show', 'dunant directory show --json'],
    load: async () => (await import('#cli/commands/directory.ts')).show,
  },
]
