import { COMPANIES } from './cast.ts'
import { field, readLines, writeJson } from './props.ts'
import type { ServerProcess, Stage } from './stage.ts'

/** Starts `dunant serve` or `dunant witness` on a folder. */
export type Starter = (command: 'serve' | 'witness', data: string) => Promise<ServerProcess>

/** A witness that listens. */
export interface RunningWitness extends ServerProcess {
  readonly vkey: string
}

/** Two members each run a witness on a machine of their own; the operator writes down where they answer. */
export async function nameWitnesses(
  stage: Stage,
  start: Starter,
): Promise<readonly RunningWitness[]> {
  stage.tell(
    'Two members watch the log, each with a witness on a machine of its own: it cosigns what the operator shows, as long as the log only grows.',
  )
  const terms: unknown = JSON.parse(readLines(stage, 'clients/terms.json').join('\n'))
  const witnesses: RunningWitness[] = []
  for (const { domain } of COMPANIES.slice(0, 2)) {
    const folder = `clients/${domain}/witness`
    const data = ['--data', folder]
    const made = ['witness', 'init', '--name', `witness.${domain}/dunant`, ...data]
    const vkey = field(await stage.ask(made), 'vkey')
    await stage.play(['witness', 'follow', '--new', field(terms, 'log_key'), ...data])
    witnesses.push({ ...(await start('witness', folder)), vkey })
  }
  const settings: unknown = JSON.parse(readLines(stage, 'server/server.json').join('\n'))
  const addresses = witnesses.map(({ url, vkey }) => ({ url, vkey }))
  writeJson(stage, 'server/server.json', { ...Object(settings), witnesses: addresses })
  stage.tell('The operator writes into server/server.json where they answer.')
  return witnesses
}
