import { readFileSync, writeSync } from 'node:fs'
import { fromHex } from '#core/bytes.ts'
import { cached, type Company, inheritCompany } from './coalition-keys.ts'
import { openProps } from './fault-attempts.ts'
import { sqliteGround } from './fault-ground.ts'
import type { Strike } from './fault-injector.ts'
import { OPERATIONS } from './fault-operations.ts'
import { openWorld, posted, type World } from './fault-world.ts'

/** What a process is told that is to die. */
export interface Told {
  readonly folder: string
  readonly seed: string
  readonly companies: readonly Omit<Company, 'key'>[]
  readonly service: { readonly privateArmored: string }
  readonly strike: Strike
}

/** A coalition from its charter to a released notice. */
const STORY: readonly string[] = [
  'the last signature of several',
  'mailbox.enrol',
  'a further chunk',
  'notice.file',
  'notice.support that releases',
  'mailbox.rotate',
]

// Lives through the story on real stores and kills itself at the write it was told. It prints the id of each act that was acknowledged; at
// the end, how many writes there were.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the test
const told = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Told
await cached('service', async () => await Promise.resolve(told.service))
for (const company of told.companies) await inheritCompany(company)
const seed = fromHex(told.seed) ?? new Uint8Array()
const world = await openWorld(
  await sqliteGround({ folder: told.folder, seed }),
  async (opened, charter) => {
    opened.injector.arm(told.strike)
    say(await posted(opened, charter))
  },
)
await live(world)
say(`writes ${String(world.injector.disarm().writes.length)}`)

async function live(scene: World): Promise<void> {
  const props = await openProps(scene)
  for (const name of STORY) {
    const operation = OPERATIONS.find((one) => one.name === name)
    if (operation === undefined) throw new Error(`there is no operation ${name}`)
    const { act, run } = await operation.prepare(props)
    const { status } = await run(scene.coalition())
    if (status >= 300) throw new Error(`${name}: ${String(status)}`)
    if (act !== undefined) say(act)
  }
  await scene.coalition().ports.sequencer.flush()
}

/** Out of the process before anything else happens. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
