import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Refusal } from '#core/refusal.ts'
import { adviceOn } from './advice.ts'
import { type Arguments, readArguments } from './args.ts'
import { Busy } from '#agent/busy.ts'
import { EXIT, type ExitCode, exitOf } from './exit.ts'
import { COMMANDS } from './grammar/commands.ts'
import { type CommandSpec, optionsOf } from './grammar/spec.ts'
import {
  commandHelp,
  environmentHelp,
  exitHelp,
  groupHelp,
  programHelp,
  usageLine,
} from './help.ts'
import type { Io } from './io.ts'
import type { Output } from './output.ts'
import { closest } from './suggest.ts'
import { printable, printableJson, printableLine } from './terminal.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from './usage-error.ts'

const VERSION = '0.1.0'

/** What reading a command line comes to: a command to run, or a text to show. */
type Route =
  | { readonly help: string }
  | { readonly spec: CommandSpec; readonly argv: readonly string[] }

/**
 * Runs one command line and gives its exit code. All that it prints goes through `io`; nothing of the process around is touched, so that
 * several can run inside one program.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const wantsJson = argv.includes('--json')
  try {
    const route = findRoute(argv)
    if ('help' in route) return show(io, route.help)
    const args = readArguments(route.spec, route.argv, io.env)
    if (args.flag('help')) return show(io, commandHelp(route.spec))
    checkOut(route.spec, args, io)
    const command = await route.spec.load()
    const outcome = await command({ args, io })
    return outcome.ok
      ? printOutput(io, outcome.value, args.flag('json'))
      : printRefusal(io, outcome.refusal, args.flag('json'))
  } catch (error) {
    return printFailure(io, { error, argv, wantsJson })
  }
}

function findRoute(argv: readonly string[]): Route {
  const firstOption = argv.findIndex((word) => word.startsWith('-'))
  const words = firstOption < 0 ? argv : argv.slice(0, firstOption)
  const [first, second] = argv
  if (first === undefined || first === '--help' || first === '-h')
    return { help: programHelp(COMMANDS) }
  if (first === '--version') return { help: VERSION }
  if (first === 'help') return { help: helpOn(argv.slice(1)) }
  const spec = COMMANDS.filter(({ path }) => startsWith(words, path.split(' '))).toSorted(
    (a, b) => b.path.length - a.path.length,
  )[0]
  if (spec !== undefined) return { spec, argv: argv.slice(spec.path.split(' ').length) }
  const known = words.length === 1 || argv.includes('--help') ? inGroup(words) : []
  if (known.length > 0 && (second === undefined || argv.includes('--help')))
    return { help: groupHelp(words.join(' '), known) }
  throw new UsageError(unknownCommand(words.length > 0 ? words : [first]))
}

function helpOn(words: readonly string[]): string {
  const topic = words.join(' ')
  if (topic === '') return programHelp(COMMANDS)
  if (topic === 'exit') return exitHelp()
  if (topic === 'env') return environmentHelp()
  const spec = COMMANDS.find(({ path }) => path === topic)
  if (spec !== undefined) return commandHelp(spec)
  const group = inGroup(words)
  if (group.length > 0) return groupHelp(topic, group)
  throw new UsageError(unknownCommand(words))
}

function inGroup(words: readonly string[]): readonly CommandSpec[] {
  return words.length === 0 ? [] : COMMANDS.filter(({ path }) => startsWith(path.split(' '), words))
}

function startsWith(words: readonly string[], start: readonly string[]): boolean {
  return words.length >= start.length && start.every((word, index) => words[index] === word)
}

function unknownCommand(words: readonly string[]): string {
  const depth = Math.max(
    1,
    ...words.map((_, index) => (inGroup(words.slice(0, index)).length > 0 ? index + 1 : 1)),
  )
  const tried = words.slice(0, depth).join(' ')
  const names = [...new Set(COMMANDS.map(({ path }) => path.split(' ').slice(0, depth).join(' ')))]
  const meant = closest(tried, names)
  return `there is no command ${tried}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

/**
 * Looks before anything is done whether `--out FILE` is free: tokens or receipts must not be lost after the act that they belong to.
 *
 * @throws FileError where the file is there already.
 */
function checkOut(spec: CommandSpec, args: Arguments, io: Io): void {
  if (optionsOf(spec)['out']?.value !== 'FILE') return
  const out = args.maybe('out')
  if (out !== undefined && existsSync(resolve(io.cwd, out))) {
    throw new FileError(`${out} is there already and is not written over`)
  }
}

function show(io: Io, text: string): ExitCode {
  io.stdout.write(`${text}\n`)
  return EXIT.done
}

function printOutput(io: Io, output: Output, json: boolean): ExitCode {
  if (json && output.value !== undefined) io.stdout.write(`${printableJson(output.value)}\n`)
  else if (json) return output.exit ?? EXIT.done
  else if (output.bytes !== undefined) io.stdout.write(output.bytes)
  else if (output.text !== '') io.stdout.write(`${printable(output.text)}\n`)
  return output.exit ?? EXIT.done
}

/** The reason for scripts, then for people what it means, what is known of this case, and what to do next. */
function printRefusal(io: Io, refusal: Refusal, json: boolean): ExitCode {
  const { reason, detail } = refusal
  const { next, sentence } = adviceOn(reason)
  const known = detail === undefined ? {} : { detail }
  if (json)
    io.stdout.write(`${printableJson({ refused: reason, ...known, meaning: sentence, next })}\n`)
  io.stderr.write(`dunant: ${reason}: ${sentence}\n`)
  if (detail !== undefined) io.stderr.write(`        ${printableLine(detail)}\n`)
  io.stderr.write(`next:   ${next}\n`)
  return exitOf(reason)
}

function printFailure(
  io: Io,
  failed: { error: unknown; argv: readonly string[]; wantsJson: boolean },
): ExitCode {
  const { error } = failed
  const message = error instanceof Error ? error.message : 'unknown'
  const exit = exitOfError(error)
  if (failed.wantsJson)
    io.stdout.write(`${printableJson({ error: NAMES[exit] ?? 'bug', detail: message })}\n`)
  io.stderr.write(`dunant: ${printableLine(message)}\n`)
  if (exit === EXIT.usage) io.stderr.write(`${hintFor(failed.argv)}\n`)
  if (io.env['DUNANT_DEBUG'] !== undefined) io.stderr.write(`${printable(traceOf(error))}\n`)
  return exit
}

/** Where an error came from, for whoever looks for a fault in dunant itself. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${traceOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

const NAMES: Partial<Record<ExitCode, string>> = {
  [EXIT.usage]: 'usage',
  [EXIT.input]: 'file',
  [EXIT.unavailable]: 'unavailable',
  [EXIT.unverified]: 'unverified',
  [EXIT.bug]: 'bug',
}

/** The client's and the server's own errors for what does not answer are told by their names, so that usage starts without loading it. */
const OUTAGES: ReadonlySet<string> = new Set(['Outage', 'Overloaded', 'Unavailable'])

function exitOfError(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof FileError) return EXIT.input
  if (error instanceof Error && ['BackupFault', 'SchemaTooNew'].includes(error.name))
    return EXIT.input
  // The stored log is not the one that others have seen: nothing may be built on it.
  if (error instanceof Error && error.name === 'StartRefused') return EXIT.unverified
  if (error instanceof Busy || (error instanceof Error && OUTAGES.has(error.name)))
    return EXIT.unavailable
  return EXIT.bug
}

function hintFor(argv: readonly string[]): string {
  const spec = COMMANDS.find(({ path }) => startsWith(argv, path.split(' ')))
  return spec === undefined
    ? 'dunant --help lists the commands.'
    : `${usageLine(spec)}\ndunant ${spec.path} --help tells more.`
}
