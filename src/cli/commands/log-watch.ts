import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkEvidence, type ForkEvidence } from '#client/fork.ts'
import { Outage } from '#client/http.ts'
import { type WatchAlert, watchLog } from '#client/watch-log.ts'
import { logKeysOf } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import { pinnedDirectory } from '#client/directory.ts'
import { utf8 } from '#core/bytes.ts'
import { accept, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { parseEvidence } from '#wire/evidence.ts'
import { Busy } from '#agent/busy.ts'
import { connect, pinStore } from '#cli/connection.ts'
import { EXIT, type ExitCode } from '#cli/exit.ts'
import { readJson } from '#cli/files.ts'
import { type Home, withHome } from '#cli/home.ts'
import type { Io } from '#cli/io.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { keepEffective, ownActs } from '#cli/own-acts.ts'
import { foreignFindings } from '#cli/own-findings.ts'
import { printableJsonLine, printableLine } from '#cli/terminal.ts'
import { UsageError } from '#cli/usage-error.ts'
import { readId } from './party.ts'

const HOUR_SECONDS = 3600
/** Witnesses cosign a log that does not grow at least daily. */
const STALE_HOURS = 26
const EVERY_SECONDS = 60
/** A log key may change between two requests of one look. */
const AGAIN_MS = 2000
const HOOK_MS_MAX = 30_000
/** Watched where no party is named: acts concern nobody of this name. */
const NOBODY = ''

/** One line of what is printed. */
type Told = Readonly<Record<string, unknown>> & { readonly alert: string }

/** `log watch` */
export const watch: Command = async (call) => {
  const { args, io } = call
  const accepted = args.list('accept').map(readId)
  const every = args.count('every') ?? EVERY_SECONDS
  if (every < 1) throw new UsageError('--every takes at least 1 second')
  let known = new Set<string>()
  let failures = 0
  for (;;) {
    const look = args.flag('once') ? await lookOnce(call, accepted) : await tryLook(call, accepted)
    if (look !== undefined && !look.ok) return look
    failures = look === undefined ? failures + 1 : 0
    // Silence that lasts is told like everything else.
    const told = look?.value ?? (failures > 1 ? [{ alert: 'unreachable' }] : [])
    const fresh = told.filter((alert) => !known.has(JSON.stringify(alert)))
    for (const alert of fresh) await tell(call, alert)
    known = new Set(told.map((alert) => JSON.stringify(alert)))
    if (args.flag('once')) return accept({ text: '', value: undefined, exit: exitFor(told) })
    await pause(io, every)
    if (isStopped(io)) return accept({ text: '', value: undefined })
  }
}

function isStopped({ signal }: Io): boolean {
  return signal?.aborted === true
}

async function pause(io: Io, seconds: number): Promise<void> {
  if (isStopped(io)) return
  await sleep(seconds * 1000, undefined, { signal: io.signal }).catch(() => undefined)
}

/** A look that a server without an answer, or another dunant in the same home, may keep from happening: then there is none. */
async function tryLook(
  call: Call,
  accepted: readonly string[],
): Promise<Result<readonly Told[]> | undefined> {
  try {
    return await lookOnce(call, accepted)
  } catch (error) {
    if (!(error instanceof Outage) && !(error instanceof Busy)) throw error
    call.io.stderr.write(`dunant: ${printableLine(error.message)}\n`)
    return undefined
  }
}

/** `log evidence`: by keys that are known from elsewhere, since whoever writes a file can sign for a key of their own. */
export const evidence: Command = async (call) => {
  const parsed = parseEvidence(await readJson(call, call.args.argument(0)))
  if (!parsed.ok) return parsed
  const trusted = await trustedLogKeys(call)
  if (!trusted.ok) return trusted
  const keys = trusted.value
  const verdict = checkEvidence({ ...parsed.value, log_keys: keys })
  if (!verdict.ok) return verdict
  const { kind, sizes } = verdict.value
  const trees = `${String(sizes[0])} and of ${String(sizes[1])} entries`
  const output: Output = say(
    [
      kind === 'fork'
        ? `FORK      the log signed a tree of ${trees} that are not one history`
        : `UNPROVEN  the log signed a tree of ${trees}; whether they are one history is not shown here`,
      ...keys.map((key) => `log key   ${key}`),
    ],
    { kind, sizes, log_keys: keys },
  )
  return accept({ ...output, exit: kind === 'fork' ? EXIT.done : EXIT.unverified })
}

/** The log keys that were given, or those that the pinned chain names. */
async function trustedLogKeys(call: Call): Promise<Result<readonly string[]>> {
  const given = call.args.list('known-key')
  if (given.length > 0) return accept(given)
  return await withHome(call, async (home) => {
    const known = await pinnedDirectory(pinStore(home))
    return known.ok ? accept(logKeysOf(known.value.directory)) : known
  })
}

/** The home is free for other commands between two looks. */
async function lookOnce(call: Call, accepted: readonly string[]): Promise<Result<readonly Told[]>> {
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    keepEffective(home, accepted)
    const { api, pins } = connection.value
    const settings = () => ({
      staleSeconds: (call.args.count('stale') ?? STALE_HOURS) * HOUR_SECONDS,
      party: {
        domain: call.args.maybe('party') ?? NOBODY,
        known: ownActs(home).effective,
        now: call.io.now(),
      },
    })
    let look = await watchLog(api, pins, settings())
    if (look.alerts.some(isTransient)) {
      await sleep(AGAIN_MS)
      look = await watchLog(api, pins, settings())
    }
    return accept(toldOf(home, look.alerts))
  })
}

function isTransient(alert: WatchAlert): boolean {
  return alert.alert === 'log-refused' && alert.reason === 'note-unsigned'
}

function toldOf(home: Home, alerts: readonly WatchAlert[]): readonly Told[] {
  const findings = alerts.flatMap((alert) => (alert.alert === 'finding' ? [alert.finding] : []))
  const foreign = foreignFindings(home, findings)
  const others = alerts.flatMap((alert): Told[] => {
    switch (alert.alert) {
      case 'finding':
        return []
      case 'stale':
        return [{ alert: 'stale', since: formatInstant(alert.since) }]
      case 'expires': {
        const { expires, fingerprint } = alert.expiry
        return [{ alert: 'expires', fingerprint, expires: formatInstant(expires) }]
      }
      case 'quorum-missing':
        return [{ ...alert }]
      case 'log-refused': {
        const { evidence: found, ...rest } = alert
        return [{ ...rest, ...(found === undefined ? {} : { evidence: keep(home, found) }) }]
      }
    }
  })
  return [...others, ...foreign.map(({ kind, ...rest }) => ({ alert: kind, ...rest }))]
}

/** Evidence of one fork is one file, however often it is seen. */
function keep(home: Home, found: ForkEvidence): string {
  const text = `${JSON.stringify(found, undefined, 2)}\n`
  return home.write('pins', `fork-${sha256Hex(utf8(text)).slice(0, 16)}.json`, text)
}

async function tell(call: Call, told: Told): Promise<void> {
  const { io } = call
  const line = `${printableJsonLine({ at: formatInstant(io.now()), ...told })}\n`
  io.stdout.write(line)
  const command = call.args.maybe('exec')
  if (command === undefined) return
  const failure = await hook(command, line)
  if (failure !== undefined) io.stderr.write(`dunant: --exec ${printableLine(failure)}\n`)
}

/** Runs the command with the alert on its standard input. What becomes of it must not keep the watch from going on. */
async function hook(command: string, line: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      stdio: ['pipe', 'ignore', 'inherit'],
      timeout: HOOK_MS_MAX,
    })
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => {
      resolve(error.message)
    })
    child.once('close', (code) => {
      resolve(code === 0 ? undefined : `ended with ${String(code ?? 'a signal')}`)
    })
    child.stdin.end(line)
  })
}

function exitFor(told: readonly Told[]): ExitCode {
  const isWeak = ({ alert }: Told) =>
    alert === 'stale' || alert === 'quorum-missing' || alert === 'expires'
  if (told.length === 0) return EXIT.done
  return told.every(isWeak) ? EXIT.unwitnessed : EXIT.unverified
}
