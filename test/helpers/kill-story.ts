import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import { hex } from '#core/bytes.ts'
import { BEGIN, cached, companyKey } from './coalition-keys.ts'
import { ORIGIN } from './coalition-server.ts'
import type { Told } from './dying-story.ts'
import { invited } from './fault-attempts.ts'
import { newSite, sqliteGround } from './fault-ground.ts'
import type { Strike } from './fault-injector.ts'
import { openWorld } from './fault-world.ts'

const TSX = pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href
const DOMAINS = ['contoso.example', 'fabrikam.example', 'litware.example']

/**
 * Has a process live through the story of a coalition and be killed at a write; then starts another one on what it left, and holds it to
 * what was acknowledged: each act is there once, its receipt verifies, nothing waits, the log audits clean, and it goes on.
 *
 * @returns how many writes the story has, where it was not killed
 */
export async function killStory(strike: Strike): Promise<number | undefined> {
  const site = newSite()
  const { publicBytes: _, ...service } = await cached(
    'service',
    async () => await generateServiceKey({ origin: ORIGIN, date: BEGIN - 86_400 }),
  )
  const companies = await Promise.all(DOMAINS.map(async (domain) => await companyKey(domain)))
  const told: Told = {
    folder: site.folder,
    seed: hex(site.seed),
    companies: companies.map(({ key: _key, ...rest }) => rest),
    service,
    strike,
  }
  const path = join(site.folder, 'told')
  writeFileSync(path, JSON.stringify(told))
  const child = spawnSync(
    process.execPath,
    ['--import', TSX, resolve('test/helpers/dying-story.ts'), path],
    { encoding: 'utf8' },
  )
  const lines = child.stdout.split('\n').filter(Boolean)
  const [, writes] = /^writes (\d+)$/.exec(lines.at(-1) ?? '') ?? []
  expect(child.signal, child.stderr).toBe(writes === undefined ? 'SIGKILL' : null)
  const acknowledged = lines.filter((line) => /^[0-9a-f]{64}$/.test(line))
  const world = await openWorld(await sqliteGround(site))
  try {
    await world.restart()
    await world.holdTo(acknowledged)
    await world.audit()
    await invited(world)
    await world.holdTo([])
  } finally {
    await world.close()
  }
  return writes === undefined ? undefined : Number(writes)
}
