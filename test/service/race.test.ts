import { describe, expect, test } from 'vitest'
import type { Commit, Storage } from '#ports/storage.ts'
import { sqliteGround } from '#test/helpers/fault-ground.ts'
import { openProps } from '#test/helpers/fault-attempts.ts'
import { openWorld } from '#test/helpers/fault-world.ts'
import { type Race, RACES } from './races.ts'

/**
 * Stops the paused side between check and write, lets the rival finish, and tells whether it ended as if one had come after the other.
 *
 * @param without a kind of subject whose versions are not compared
 */
async function isRight(race: Race, without: string | undefined): Promise<boolean> {
  const world = await openWorld(await sqliteGround())
  try {
    const racers = await race.prepare(await openProps(world))
    world.injector.interpose(async (commit, real) => {
      const rival = await racers.rival.run(world.coalition())
      expect(rival.status, 'the rival').toBeOneOf([200, 201, 202])
      return without === undefined ? commit : await blind(commit, without, real)
    })
    const outcome = await racers.paused.run(world.coalition())
    if (without === undefined) await world.audit()
    return await racers.isRight(outcome)
  } finally {
    await world.close()
  }
}

/** The same commit as a program would write it that does not compare the versions of one kind. */
async function blind(commit: Commit, kind: string, real: Storage): Promise<Commit> {
  const own = commit.subjects.filter((write) => write.kind === kind)
  const current = await real.readSubjects(own.map(({ id }) => ({ kind, id })))
  const versions = new Map(current.map(({ id, version }) => [id, version]))
  return {
    ...commit,
    guards: commit.guards.filter((guard) => guard.kind !== kind),
    subjects: commit.subjects.map((write) =>
      write.kind === kind ? { ...write, expected: versions.get(write.id) ?? 0 } : write,
    ),
  }
}

describe('stopped between check and write,', () => {
  test.each(RACES)('$name end as if one had come after the other', async (race) => {
    expect(await isRight(race, undefined)).toBe(true)
  })
})

describe('were versions not compared,', () => {
  test.each(RACES.filter(({ guard }) => guard !== undefined))(
    '$name would not: it is the version of the $guard that keeps them apart',
    async (race) => {
      expect(await isRight(race, race.guard)).toBe(false)
    },
  )
})
