import { parseArgs } from 'node:util'
import { type CommandSpec, FROM_ENVIRONMENT, type Options, optionsOf } from './grammar/spec.ts'
import { closest } from './suggest.ts'
import { UsageError } from './usage-error.ts'

/** The options and arguments of one call, checked against its command's specification. */
export interface Arguments {
  /** A text option that the command cannot do without. @throws UsageError where it is missing. */
  text(name: string): string
  maybe(name: string): string | undefined
  /** Whether an option stands on the command line itself, not only in the environment. */
  isGiven(name: string): boolean
  list(name: string): readonly string[]
  flag(name: string): boolean
  /** A whole number in decimal, at least 0. @throws UsageError for anything else. */
  count(name: string): number | undefined
  /** An argument without dashes by its place; '' where an optional one is missing. */
  argument(index: number): string
  rest(index: number): readonly string[]
}

interface Given {
  readonly options: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
}

/**
 * Reads what follows the name of a command.
 *
 * @throws UsageError for an option that is unknown, repeated, or without its value, and for too few or too many arguments.
 */
export function readArguments(
  spec: CommandSpec,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Arguments {
  const options = optionsOf(spec)
  const given = readGiven(options, argv)
  if (!given.options.has('help')) checkPositionals(spec, given.positionals)
  const values = (name: string): readonly string[] => {
    if (!Object.hasOwn(options, name)) throw new Error(`${spec.path} has no option ${name}`)
    return given.options.get(name) ?? fromEnvironment(name, env)
  }
  const maybe = (name: string) => values(name)[0]
  return {
    maybe,
    isGiven: (name) => given.options.has(name),
    text: (name) => {
      const value = maybe(name)
      if (value === undefined || value === '') throw new UsageError(`--${name} is missing`)
      return value
    },
    list: values,
    flag: (name) => values(name).length > 0,
    count: (name) => readCount(name, maybe(name)),
    argument: (index) => given.positionals[index] ?? '',
    rest: (index) => given.positionals.slice(index),
  }
}

function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>) {
  if (!FROM_ENVIRONMENT.includes(name)) return []
  const value = env[`DUNANT_${name.toUpperCase().replaceAll('-', '_')}`]
  return value === undefined || value === '' ? [] : [value]
}

function readCount(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const count = Number(value)
  if (!/^\d{1,10}$/.test(value)) throw new UsageError(`--${name} takes a whole number`)
  return count
}

function readGiven(options: Options, argv: readonly string[]): Given {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type }]) => [
        name,
        { type: type === 'flag' ? 'boolean' : 'string', multiple: true } as const,
      ]),
    ),
    strict: false,
    tokens: true,
  })
  const found = new Map<string, readonly string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const value = readOption(options, token)
    const before = found.get(token.name)
    if (before !== undefined && options[token.name]?.type !== 'list') {
      throw new UsageError(`--${token.name} is given twice`)
    }
    found.set(token.name, [...(before ?? []), value])
  }
  return { options: found, positionals }
}

function readOption(
  options: Options,
  token: {
    name: string
    rawName: string
    value: string | undefined
    inlineValue: boolean | undefined
  },
): string {
  const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined
  if (spec === undefined || token.rawName !== `--${token.name}`) {
    const meant = closest(token.name, Object.keys(options))
    const hint = meant === undefined ? '' : `; did you mean --${meant}?`
    throw new UsageError(`there is no option ${token.rawName}${hint}`)
  }
  if (spec.type === 'flag') {
    if (token.value !== undefined) throw new UsageError(`--${token.name} takes no value`)
    return ''
  }
  if (token.value === undefined) throw new UsageError(`--${token.name} needs a value`)
  if (token.inlineValue === false && token.value.startsWith('-') && token.value !== '-') {
    throw new UsageError(
      `--${token.name} needs a value; write --${token.name}=VALUE for one that begins with a dash`,
    )
  }
  return token.value
}

function checkPositionals(spec: CommandSpec, given: readonly string[]): void {
  const args = spec.args ?? []
  const needed = args.filter(
    ({ count }) => count === undefined || count === 'one' || count === 'some',
  )
  const missing = needed[given.length]
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing`)
  const last = args.at(-1)?.count
  const isOpen = last === 'any' || last === 'some'
  if (!isOpen && given.length > args.length) {
    throw new UsageError(`there is one argument too many: ${given[args.length] ?? ''}`)
  }
}
