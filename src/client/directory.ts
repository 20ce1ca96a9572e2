import { headOf } from '#core/directory.ts'
import { type Replay, replayChain } from '#core/replay.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import type { Api } from './http.ts'
import { pinChain, pinnedCoalition, pinnedLinks, type PinStore } from './pins.ts'

/**
 * Fetches the governance chain, verifies every link from the pinned genesis id on, and remembers it.
 *
 * Refuses `genesis-wrong` where no coalition is pinned or the server speaks for another one; `directory-broken` where the chain does not hold, is
 * not the one whose head the server names, or does not extend the chain seen before; and what `replayChain` refuses.
 */
export async function fetchDirectory(api: Api, pins: PinStore): Promise<Result<Replay>> {
  const coalition = await pinnedCoalition(pins)
  if (!coalition.ok) return coalition
  const known = (await pinnedLinks(pins)) ?? []
  const served = await api.readDirectory(known.length)
  if (!served.ok) return served
  const { origin, genesis } = coalition.value
  if (served.value.origin !== origin || served.value.genesis !== genesis) {
    return refuse('genesis-wrong', 'the server speaks for another coalition')
  }
  // What was seen before stays; what comes after must hang on it, or the replay breaks.
  const replay = await replayChain({
    origin,
    genesis,
    links: [...known, ...served.value.chain],
    parse: parseAct,
  })
  if (!replay.ok) return replay
  if (headOf(replay.value.directory) !== served.value.head) {
    return refuse('directory-broken', 'the chain ends at another head than the server names')
  }
  const pinned = await pinChain(pins, replay.value)
  return pinned.ok ? accept(replay.value) : pinned
}

/**
 * The directory as it was last seen, without asking the server.
 *
 * Refuses `genesis-wrong` where no coalition is pinned, `directory-unknown` where no chain was ever fetched, and what `replayChain` refuses.
 */
export async function pinnedDirectory(pins: PinStore): Promise<Result<Replay>> {
  const coalition = await pinnedCoalition(pins)
  if (!coalition.ok) return coalition
  const links = await pinnedLinks(pins)
  if (links === undefined)
    return refuse('directory-unknown', 'the governance chain was never fetched')
  return await replayChain({ ...coalition.value, links, parse: parseAct })
}
