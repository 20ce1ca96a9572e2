import type { Command } from '#cli/output.ts'

/** One option: a flag, a text, or a text that may be repeated. */
export interface OptionSpec {
  readonly type: 'flag' | 'list' | 'text'
  /** What stands for the value in the usage: FILE, URL, … */
  readonly value?: string
  readonly help: string
}

export type Options = Readonly<Record<string, OptionSpec>>

/** One argument without dashes. Only the last may be optional or repeated. */
export interface ArgumentSpec {
  readonly name: string
  readonly help: string
  readonly count?: 'any' | 'one' | 'optional' | 'some'
}

/** All that is known of a command before its code is loaded. */
export interface CommandSpec {
  /** The words that name it: `party officer add`. */
  readonly path: string
  readonly summary: string
  /** Paragraphs of the help beyond the summary. */
  readonly about?: readonly string[]
  readonly args?: readonly ArgumentSpec[]
  readonly options?: Options
  /** Which shared options it takes beside `--home`, `--json`, `--help`. */
  readonly uses?: readonly SharedGroup[]
  readonly examples: readonly string[]
  readonly load: () => Promise<Command>
}

export type SharedGroup = 'coalition' | 'passphrase' | 'signer'

/** Of the commands that an operator uses beside the server's own folder. */
export const SERVER_DATA: Options = {
  data: { type: 'text', value: 'DIR', help: "the server's own folder; default .dunant" },
}

/** Options that mean the same everywhere. */
export const SHARED_OPTIONS: Readonly<Record<SharedGroup | 'global', Options>> = {
  coalition: {
    server: { type: 'text', value: 'URL', help: 'where the coalition answers' },
    origin: { type: 'text', value: 'NAME', help: 'DNS name of the coalition' },
    genesis: { type: 'text', value: 'ID', help: 'act id of its charter: 64 hex digits' },
  },
  signer: {
    party: { type: 'text', value: 'DOMAIN', help: 'the party that you act for' },
    key: { type: 'text', value: 'FILE', help: 'armored private key, or a name under HOME/keys' },
    gpg: {
      type: 'text',
      value: 'FINGERPRINT',
      help: 'sign through the local gpg (smartcards work)',
    },
    'gpg-home': { type: 'text', value: 'DIR', help: 'keyring of that gpg' },
  },
  passphrase: {
    'passphrase-fd': {
      type: 'text',
      value: 'N',
      help: 'read passphrases from this descriptor, a line each',
    },
    'passphrase-file': {
      type: 'text',
      value: 'FILE',
      help: 'read passphrases from this file, a line each',
    },
  },
  global: {
    home: { type: 'text', value: 'DIR', help: 'your keys and pins; default ~/.config/dunant' },
    json: { type: 'flag', help: 'print one JSON value' },
    help: { type: 'flag', help: 'show this help' },
  },
}

/** The shared options that may also come from the environment: `--server` as `DUNANT_SERVER`. */
export const FROM_ENVIRONMENT: readonly string[] = [
  'genesis',
  'gpg',
  'gpg-home',
  'home',
  'key',
  'origin',
  'party',
  'passphrase-file',
  'server',
]

/** Every option that a command takes, its own first. */
export function optionsOf(spec: CommandSpec): Options {
  const groups = [spec.options ?? {}, ...(spec.uses ?? []).map((group) => SHARED_OPTIONS[group])]
  return Object.fromEntries([...groups, SHARED_OPTIONS.global].flatMap(Object.entries<OptionSpec>))
}
