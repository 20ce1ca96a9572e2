import { EXIT_MEANINGS } from './exit.ts'
import { type CommandSpec, FROM_ENVIRONMENT, type Options, SHARED_OPTIONS } from './grammar/spec.ts'

const COLUMNS = 96

/** The help of the whole program. */
export function programHelp(specs: readonly CommandSpec[]): string {
  const width = Math.max(...specs.map(({ path }) => path.length))
  const nouns = [...new Set(specs.map(nounOf))]
  // Nouns with a single command stand together.
  const isLone = (noun: string) => specs.filter((spec) => nounOf(spec) === noun).length === 1
  return [
    'dunant: tell customers, together and provably, that a state attacks them.',
    '',
    'Usage: dunant COMMAND [ARGUMENTS] [OPTIONS]',
    ...nouns.flatMap((noun, index) => [
      ...(isLone(noun) && isLone(nouns[index - 1] ?? '') ? [] : ['']),
      ...specs
        .filter((spec) => nounOf(spec) === noun)
        .map(({ path, summary }) => `  ${path.padEnd(width)}  ${summary}`),
    ]),
    '',
    'dunant COMMAND --help shows the options of a command, with examples.',
    'dunant help exit lists the exit codes; dunant help env the environment variables.',
  ].join('\n')
}

/** The help of the commands that begin with the same words. */
export function groupHelp(words: string, specs: readonly CommandSpec[]): string {
  const width = Math.max(...specs.map(({ path }) => path.length))
  return [
    `Usage: dunant ${words} COMMAND [ARGUMENTS] [OPTIONS]`,
    '',
    ...specs.map(({ path, summary }) => `  ${path.padEnd(width)}  ${summary}`),
    '',
    `dunant ${words} COMMAND --help shows the options of a command, with examples.`,
  ].join('\n')
}

/** The help of one command. */
export function commandHelp(spec: CommandSpec): string {
  const args = spec.args ?? []
  const own = Object.keys(spec.options ?? {}).length > 0
  return [
    usageLine(spec),
    '',
    ...wrap(sentence(spec.summary), ''),
    ...(spec.about ?? []).flatMap((paragraph) => ['', ...wrap(paragraph, '')]),
    ...(args.length > 0 ? ['', ...rows(args.map(({ name, help }) => [name, help]))] : []),
    ...(own ? ['', 'Options:', ...optionRows(spec.options ?? {})] : []),
    ...(spec.uses ?? []).flatMap((group) => [
      '',
      `${GROUP_TITLES[group]}:`,
      ...optionRows(SHARED_OPTIONS[group]),
    ]),
    '',
    'Everywhere:',
    ...optionRows(SHARED_OPTIONS.global),
    '',
    'Examples:',
    ...spec.examples.map((example) => `  ${example}`),
  ].join('\n')
}

/** The exit codes. */
export function exitHelp(): string {
  return [
    'Exit codes:',
    ...rows(Object.entries(EXIT_MEANINGS).map(([code, meaning]) => [code, meaning])),
  ].join('\n')
}

const SERVER_VARIABLES: readonly (readonly [string, string])[] = [
  ['DUNANT_DATABASE_URL', 'PostgreSQL in place of the embedded SQLite'],
  ['DUNANT_HOST, DUNANT_PORT', 'where it listens'],
  ['DUNANT_KEYS', 'the folder of its keys, where that is not keys in its own'],
  ['DUNANT_CLIENT_ADDRESS_HEADER', 'the field in which a proxy names the client last'],
  [
    'DUNANT_ACTS_AT_ONCE',
    'let so many acts be under way; whoever comes beyond is told to come back',
  ],
  ['DUNANT_LIMIT_FACTOR', 'give so many times the published budgets'],
  ['DUNANT_METRICS_PORT', 'serve metrics to this machine on this port'],
  ['DUNANT_PUBLIC_URL', 'where the world reaches it'],
  ['DUNANT_SECURITY_CONTACT', 'the URI that security.txt names'],
  ['DUNANT_STOP_SECONDS', 'how long requests may run once it was told to end; default 20'],
  ['GENESIS_ID', 'the charter that it accepts, in place of that of its settings'],
]

/** The environment variables. */
export function environmentHelp(): string {
  return [
    'An option that is not given is taken from the environment:',
    ...rows(
      FROM_ENVIRONMENT.map((name) => [
        `DUNANT_${name.toUpperCase().replaceAll('-', '_')}`,
        `--${name}`,
      ]),
    ),
    '',
    '`serve` also reads:',
    ...rows(SERVER_VARIABLES),
    '',
    'Server, origin and genesis that are given nowhere are those that `dunant directory pin` kept.',
  ].join('\n')
}

/** `Usage: dunant receipt verify FILE [OPTIONS]`. */
export function usageLine(spec: CommandSpec): string {
  const args = (spec.args ?? []).map(({ name, count = 'one' }) => {
    const text = count === 'any' || count === 'some' ? `${name}…` : name
    return count === 'any' || count === 'optional' ? `[${text}]` : text
  })
  return ['Usage: dunant', spec.path, ...args, '[OPTIONS]'].join(' ')
}

const GROUP_TITLES = {
  coalition: 'The coalition',
  passphrase: 'Passphrases',
  signer: 'Who signs',
} as const

function optionRows(options: Options): string[] {
  return rows(
    Object.entries(options).map(([name, { value, help, type }]) => [
      `--${name}${value === undefined ? '' : ` ${value}`}${type === 'list' ? ' …' : ''}`,
      help,
    ]),
  )
}

function rows(pairs: readonly (readonly [string, string] | readonly string[])[]): string[] {
  const width = Math.max(...pairs.map(([name = '']) => name.length))
  return pairs.flatMap(([name = '', help = '']) => {
    const [first = '', ...more] = wrap(help, ' '.repeat(width + 4))
    return [`  ${name.padEnd(width)}  ${first.trimStart()}`, ...more]
  })
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + word.length + 1 > COLUMNS) {
      lines.push(line)
      line = indent
    }
    line += line.trim() === '' ? word : ` ${word}`
  }
  return [...lines, line]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function nounOf({ path }: CommandSpec): string {
  return path.split(' ')[0] ?? ''
}
