import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { searchFolder } from '#cli/seizure.ts'

const folder = mkdtempSync(join(tmpdir(), 'seizure-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const marker = 'Élodie Brandt-4711'
const swapped = Buffer.from(marker, 'utf16le').swap16()

/** Every way in which a marker can lie in a file; each must be found. */
const leaks: readonly [string, Buffer][] = [
  ['in plain', Buffer.from(marker)],
  ['in hex', Buffer.from(Buffer.from(marker).toString('hex'))],
  ['in upper-case hex', Buffer.from(Buffer.from(marker).toString('hex').toUpperCase())],
  ['in UTF-16 little-endian', Buffer.from(marker, 'utf16le')],
  ['in UTF-16 big-endian', swapped],
  ...[0, 1, 2].map((shift): [string, Buffer] => [
    `in base64, ${String(shift)} bytes in`,
    Buffer.from(Buffer.from('x'.repeat(shift) + marker + 'tail').toString('base64')),
  ]),
  ['in base64url', Buffer.from(Buffer.from(`?>${marker}`).toString('base64url'))],
  ['in gzip', gzipSync(Buffer.from(`before ${marker} after`))],
  ['in zlib', deflateSync(Buffer.from(`before ${marker} after`))],
  [
    'in base64 of UTF-16 within gzip',
    gzipSync(Buffer.from(Buffer.from(marker, 'utf16le').toString('base64'))),
  ],
  ['in gzip within gzip', gzipSync(gzipSync(Buffer.from(marker)))],
]

describe('finds a marker', () => {
  test.each(leaks)('%s', (name, bytes) => {
    const place = join(folder, name.replaceAll(/\W/g, '-'))
    mkdirSync(place)
    writeFileSync(
      join(place, 'file'),
      Buffer.concat([Buffer.from('noise \u0000\u0001'), bytes, Buffer.from('\u0000 noise')]),
    )
    expect(searchFolder(place, [marker]).map((finding) => finding.marker)).toContain(marker)
  })

  test('in the name of a file', () => {
    const place = join(folder, 'names')
    mkdirSync(place)
    writeFileSync(join(place, `${marker}.json`), '')
    expect(searchFolder(place, [marker])).toHaveLength(1)
  })
})

test('finds nothing where there is nothing', () => {
  const place = join(folder, 'clean')
  mkdirSync(place)
  writeFileSync(join(place, 'file'), gzipSync(Buffer.from('nobody was here')))
  expect(searchFolder(place, [marker])).toEqual([])
})
