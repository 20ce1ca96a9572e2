import type { CommandSpec } from './spec.ts'

/** The whole main job, played. */
export const DEMO_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'demo',
    summary: 'play the whole main job with real keys against a real server process',
    about: [
      'Three companies found a coalition, warn their customers of one attack together, and customers check what they get. Every command is shown as you could type it.',
      'The last line of a demo that is kept is JSON: url and pid of the server, and where the files of server and clients are.',
    ],
    options: {
      customers: {
        type: 'text',
        value: 'FILE.csv',
        help: 'your own list: columns account,language,facts',
      },
      keep: {
        type: 'text',
        value: 'DIR',
        help: 'play it in this folder and leave the server running',
      },
    },
    examples: [
      'dunant demo',
      'dunant demo --keep playground',
      'dunant demo --customers customers.csv --keep playground',
    ],
    load: async () => (await import('#cli/commands/demo.ts')).demo,
  },
]
