import { existsSync } from 'node:fs'
import { type Desk, withDesk } from '#agent/desk.ts'
import { FileError } from '#agent/file-error.ts'
import { openVault } from '#agent/vault.ts'
import { parseInstant } from '#core/time.ts'
import { setting } from './commands/serve.ts'
import { pathOf } from './files.ts'
import type { Call } from './output.ts'
import { UsageError } from './usage-error.ts'

/** The agent's folder that `--data` names. @throws FileError where there is none. */
export async function agentFolder(call: Call): Promise<string> {
  const { isAgentHome } = await import('#entry/agent-home.ts')
  const home = pathOf(call, call.args.maybe('data') ?? '.dunant-agent')
  if (!existsSync(home) || !isAgentHome(home))
    throw new FileError(`there is no agent in ${home}: dunant agent init makes one`)
  return home
}

/** Runs some work on the desk in the agent's folder. */
export async function onDesk<T>(call: Call, work: (desk: Desk) => Promise<T>): Promise<T> {
  const { readAgentHome } = await import('#entry/agent-home.ts')
  const home = await agentFolder(call)
  const named = call.args.maybe('keys')
  const read = setting(() =>
    readAgentHome(home, named === undefined ? undefined : pathOf(call, named)),
  )
  return await withDesk({ home, vault: openVault(read.vaultKey.reveal()) }, work)
}

/** A moment as an option gives it, in POSIX seconds. @throws UsageError for anything but an instant in UTC. */
export function readInstant(call: Call, option: string): number {
  const at = parseInstant(call.args.text(option))
  if (at === undefined) throw new UsageError(`--${option} is a time such as 2026-11-23T10:00:00Z`)
  return at
}
