import { describe, expect, test } from 'vitest'
import { base64, concat, fromBase64, fromHex, hex } from '#core/bytes.ts'
import {
  bucketOf,
  checkPassword,
  checkSalt,
  epochOf,
  openSlot,
  openText,
  placeOf,
  RECORD_BYTES,
  sealSlot,
  sealText,
} from '#core/check-list.ts'
import { parseInstant } from '#core/time.ts'
import { derive } from '#test/helpers/check-lists.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { readVectors } from './schemas.ts'

const { genesis, valid } = readVectors('check-lists.json')

function unhexed(text: string): Uint8Array {
  return fromHex(text) ?? new Uint8Array()
}

describe.each(valid)('$name', ({ entries, epoch, filer, list_salt: salt, release, texts }) => {
  const seconds = parseInstant(release) ?? 0
  const list = { filer, release: seconds, salt }
  const placeOfText = (name: string) => {
    const text = texts.find((one) => one.name === name)
    if (text === undefined) throw new Error(`no text ${name}`)
    return { first: text.first, records: text.records, key: unhexed(text.key) }
  }

  test.each(entries)('the key and the slot of $code', async (entry) => {
    expect(epochOf(seconds)).toBe(epoch)
    const password = checkPassword(entry.code, entry.account)
    expect([hex(password), hex(checkSalt(genesis, epoch))]).toEqual([entry.password, entry.salt])
    const key = await derive(password, unhexed(entry.salt))
    expect([hex(key), placeOf(key)]).toEqual([entry.key, entry.place])
    const counts = [1, 2, 512, 8192].map((buckets) => bucketOf(entry.place, { buckets }))
    expect(counts).toEqual(entry.buckets)
    const says = {
      status: entry.status,
      sinceDay: entry.since_day,
      text: placeOfText(entry.text),
    }
    expect(hex(await sealSlot(key, list, says))).toBe(entry.slot)
    const bucket = concat(new Uint8Array(64), unhexed(entry.slot))
    expect(await openSlot(bucket, key, list)).toEqual({ ok: true, value: says })
  })

  test.each(texts)(
    'the records of the text "$name"',
    async ({ content, name, records, sealed }) => {
      const place = placeOfText(name)
      expect(base64(await sealText(place, list, content))).toBe(sealed)
      const all = new Uint8Array((place.first + records) * RECORD_BYTES)
      all.set(fromBase64(sealed) ?? new Uint8Array(), place.first * RECORD_BYTES)
      expect(accepted(await openText(all, place, list))).toEqual(content)
    },
  )

  test('nothing opens by another key, place or list', async () => {
    const [entry] = entries
    const [text] = texts
    if (entry === undefined || text === undefined) throw new Error('no entry')
    const key = unhexed(entry.key)
    const bucket = unhexed(entry.slot)
    expect(await openSlot(bucket, key.with(0, 1), list)).toEqual({ ok: true, value: undefined })
    const later = { ...list, release: seconds + 21_600 }
    expect(await openSlot(bucket, key, later)).toEqual({ ok: true, value: undefined })
    const malformed = { refusal: { reason: 'check-list-malformed' } }
    for (let at = 16; at < 64; at += 8) {
      const altered = bucket.with(at, (bucket[at] ?? 0) ^ 1)
      expect(await openSlot(altered, key, list)).toMatchObject(malformed)
    }
    const place = placeOfText(text.name)
    const records = fromBase64(text.sealed) ?? new Uint8Array()
    for (const wrong of [
      { ...place, key: place.key.with(0, 1) },
      { ...place, records: place.records + 1 },
      { ...place, first: place.first + 1 },
    ])
      expect(await openText(records, wrong, list)).toMatchObject(malformed)
    expect(await openText(records, place, later)).toMatchObject(malformed)
  })
})
