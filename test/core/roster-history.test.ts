import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_HEAD } from '#core/act.ts'
import { type Directory, emptyDirectory, headOf, ownerOf } from '#core/directory.ts'
import { persistentMap } from '#core/persistent-map.ts'
import { rosterHistory } from '#core/roster-history.ts'
import { addOfficer, fingerprintOf, foundedBy, governed } from '#test/helpers/roster.ts'

const A = 'a.example'
const LINKS = 5000
/** What a link may keep: its officer, and a path of each map. As copies, the last link alone kept some 700,000. */
const LINK_BYTES_MAX = 20_000

const officer = (n: number): string => `officer-${String(n)}`

/** Enrols so many officers, and tells each directory on the way. */
function enrol(count: number, told: (directory: Directory) => void): Directory {
  let directory = foundedBy(A)
  told(directory)
  for (let n = 0; n < count; n++) {
    directory = governed(directory, addOfficer(A, officer(n), ['reporter']))
    told(directory)
  }
  return directory
}

test('every head of a chain gives the directory as it was, and none that it never had', () => {
  const seen: Directory[] = []
  const history = rosterHistory(emptyDirectory(''))
  enrol(40, (directory) => {
    seen.push(directory)
    history.add(directory)
  })
  for (const [n, directory] of seen.entries()) {
    const then = history.at(headOf(directory))
    expect(then?.chain).toEqual(directory.chain)
    expect([...(then?.parties.get(A)?.officers.keys() ?? [])]).toHaveLength(n + 1)
    expect(then === undefined ? '' : ownerOf(then, fingerprintOf(officer(n)))).toBeUndefined()
  }
  expect(history.at(NO_HEAD)?.chain).toEqual([])
  expect(history.at('ab'.repeat(32))).toBeUndefined()
})

test('a chain of 5,000 links takes memory for what each link changed, and no more at its end than at its beginning', () => {
  const history = rosterHistory(emptyDirectory(''))
  const bytes = [heapBytes()]
  let links = 0
  const last = enrol(LINKS, (directory) => {
    history.add(directory)
    links += 1
    if (links % (LINKS / 2) === 0) bytes.push(heapBytes())
  })
  const [start = 0, middle = 0, end = 0] = bytes
  expect(end - start).toBeLessThan(LINKS * LINK_BYTES_MAX)
  expect((end - middle) / (middle - start)).toBeLessThan(1.5)
  // The history is still needed here, so that it was counted.
  expect(history.at(headOf(last))?.parties.get(A)?.officers.size).toBe(LINKS + 1)
})

/** Bytes in use after everything that nobody needs was given back. */
function heapBytes(): number {
  setFlagsFromString('--expose_gc')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the flag above exposes
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

test('a map does what Map does, and earlier maps do not notice', () => {
  const entry = fc.tuple(fc.string({ maxLength: 2 }), fc.integer())
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const model = new Map<string, number>()
      const older: [ReadonlyMap<string, number>, [string, number][]][] = []
      let map = persistentMap<number>()
      for (const [key, value] of entries) {
        older.push([map, [...model]])
        model.set(key, value)
        map = map.with(key, value)
      }
      expect([...map]).toEqual([...model])
      expect([...map.keys()]).toEqual([...model.keys()])
      expect([...map.values()]).toEqual([...model.values()])
      expect(map.size).toBe(model.size)
      for (const [key] of entries)
        expect([map.get(key), map.has(key)]).toEqual([model.get(key), true])
      expect([map.get('none of them'), map.has('none of them')]).toEqual([undefined, false])
      for (const [was, expected] of older) expect([...was]).toEqual(expected)
      const visited: unknown[] = []
      map.forEach((value, key) => visited.push([key, value]))
      expect(visited).toEqual([...model])
      expect([...persistentMap(entries)]).toEqual([...model])
    }),
  )
})
