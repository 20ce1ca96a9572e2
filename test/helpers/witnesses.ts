import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWitnessHome, followLog } from '#entry/witness-home.ts'
import { type RunningWitness, startWitness } from '#entry/witness.ts'

/** A witness's home in a temporary folder. */
export interface WitnessFolder {
  readonly home: string
  readonly vkey: string
  clear(): void
}

/** Makes a witness that watches some logs, given by their keys, from the beginning. */
export function witnessFolder(name: string, logs: readonly string[] = []): WitnessFolder {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-witness-'))
  const home = join(folder, 'home')
  const vkey = createWitnessHome(home, name)
  for (const log of logs) followLog(home, log, true)
  return { home, vkey, clear: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Starts a witness on its home, at any free port, with what it reports. */
export async function serveWitness(
  home: string,
  options: { readonly events?: string[]; readonly port?: number } = {},
): Promise<RunningWitness> {
  return await startWitness({
    home,
    host: '127.0.0.1',
    port: options.port ?? 0,
    log: (line) => options.events?.push(line),
  })
}
