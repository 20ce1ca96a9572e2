import { describe, expect, test } from 'vitest'
import { utf8 } from '#core/bytes.ts'
import type { BlobStore } from '#ports/blob.ts'

const MIB = 1024 * 1024

const BAD_KEYS = [
  '',
  '/a',
  '../a',
  'a/../b',
  'a/..',
  'a//b',
  '.a',
  'A',
  'a+',
  'a b',
  'a\0',
  'a\\b',
  'é',
  'a\n',
  'a'.repeat(202),
]

/** What is promised, and how it is seen on an empty store. */
const CASES: readonly {
  readonly name: string
  readonly see: (store: BlobStore) => Promise<void>
}[] = [
  {
    name: 'a blob comes back byte for byte',
    see: async (store) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      // A view into a larger piece of memory, of which nothing else may be kept.
      const view = new Uint8Array(1000).fill(7)
      view.set(bytes, 300)
      await store.put('bundles/ab/0', view.subarray(300, 556))
      expect(await store.get('bundles/ab/0')).toEqual(bytes)
      await store.put('empty', new Uint8Array())
      expect(await store.get('empty')).toEqual(new Uint8Array())
    },
  },

  {
    name: 'what was never put is undefined, whole or in part',
    see: async (store) => {
      await store.put('a/b', utf8('x'))
      for (const key of ['none', 'a', 'a/', 'a/b/c', 'a/b.blob', 'a/./b', '0/1']) {
        expect(await store.get(key), key).toBeUndefined()
        expect(await store.get(key, { start: 0, end: 1 }), key).toBeUndefined()
      }
    },
  },

  {
    name: 'a part is what lies between start and end, as far as the blob goes',
    see: async (store) => {
      await store.put('part', utf8('0123456789'))
      const part = async (start: number, end: number) =>
        new TextDecoder().decode(await store.get('part', { start, end }))
      expect(await part(0, 10)).toBe('0123456789')
      expect(await part(0, 1)).toBe('0')
      expect(await part(3, 7)).toBe('3456')
      expect(await part(8, 100)).toBe('89')
      expect(await part(9, 10)).toBe('9')
      expect(await part(10, 20)).toBe('')
      expect(await part(50, 60)).toBe('')
      expect(await part(4, 4)).toBe('')
    },
  },

  {
    name: '8 MiB is stored and read in parts, and more is refused',
    see: async (store) => {
      const bytes = Uint8Array.from({ length: 8 * MIB }, (_, index) => (index * 31) % 251)
      await store.put('large', bytes)
      const start = 8 * MIB - 5
      expect(await store.get('large', { start, end: 9 * MIB })).toEqual(bytes.subarray(start))
      const whole = await store.get('large')
      expect(Buffer.compare(whole ?? new Uint8Array(), bytes)).toBe(0)
      await expect(store.put('larger', new Uint8Array(8 * MIB + 1))).rejects.toThrow('8 MiB')
      expect(await store.get('larger')).toBeUndefined()
    },
  },

  {
    name: 'putting a key again replaces it whole',
    see: async (store) => {
      await store.put('again', utf8('a long first attempt'))
      await store.put('again', utf8('short'))
      expect(await store.get('again')).toEqual(utf8('short'))
    },
  },

  {
    name: 'many writers of one key leave one of their blobs whole',
    see: async (store) => {
      const blobs = Array.from({ length: 8 }, (_, index) => new Uint8Array(100_000).fill(index))
      await Promise.all(blobs.map(async (bytes) => await store.put('race', bytes)))
      const kept = await store.get('race')
      expect(blobs).toContainEqual(kept)
    },
  },

  {
    name: 'a prefix removes every key that starts with it, and no other',
    see: async (store) => {
      const keys = ['a', 'a/b', 'a/b/c', 'a/bc', 'a/d', 'ab', 'ab/a', 'b', 'b/a', 'a.b', 'a-b']
      const left = async (): Promise<string[]> => {
        const found = await Promise.all(
          keys.map(async (key) => ((await store.get(key)) === undefined ? [] : [key])),
        )
        return found.flat()
      }
      for (const key of keys) await store.put(key, utf8(key))
      expect(await left()).toEqual(keys)
      await store.deletePrefix('a/b')
      expect(await left()).toEqual(['a', 'a/d', 'ab', 'ab/a', 'b', 'b/a', 'a.b', 'a-b'])
      await store.deletePrefix('a/')
      expect(await left()).toEqual(['a', 'ab', 'ab/a', 'b', 'b/a', 'a.b', 'a-b'])
      await store.deletePrefix('ab')
      expect(await left()).toEqual(['a', 'b', 'b/a', 'a.b', 'a-b'])
      await store.deletePrefix('nothing/here')
      await store.deletePrefix('a')
      expect(await left()).toEqual(['b', 'b/a'])
      await store.put('a', utf8('again'))
      expect(await store.get('a')).toEqual(utf8('again'))
    },
  },

  {
    name: 'the longest key is stored',
    see: async (store) => {
      for (const key of ['a'.repeat(201), `${'a/'.repeat(100)}a`]) {
        await store.put(key, utf8(key))
        expect(await store.get(key)).toEqual(utf8(key))
      }
    },
  },

  {
    name: 'a key of another form is refused',
    see: async (store) => {
      for (const key of BAD_KEYS) {
        const form = 'another form'
        await expect(store.put(key, utf8('x')), key).rejects.toThrow(form)
        await expect(store.get(key), key).rejects.toThrow(form)
        await expect(store.deletePrefix(key), key).rejects.toThrow(form)
      }
    },
  },
]

/** What every store of blobs promises; `open` gives an empty one. */
export function blobContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`blobs on ${name}`, () => {
    for (const { name: promise, see } of CASES) {
      test(promise, async () => {
        await see(await open())
      })
    }
  })
}
