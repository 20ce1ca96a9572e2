import { EMPTY_MEMORY, formatMemory, type MemoryStore, parseMemory } from './signer-desk.ts'

const MEMORY_KEY = 'memory'

/** What is used of a Durable Object's storage: strongly consistent, and durable before an answer leaves the object. */
export interface ObjectStorage {
  get(key: string): Promise<unknown>
  put(key: string, value: string): Promise<void>
}

/**
 * The memory of a Worker's signer: a Durable Object, outside D1, so that a restored database cannot fork the log.
 *
 * @throws Error (from `read`) when it cannot be read: a key that does not know what it signed must not sign.
 */
export function openObjectMemory(storage: ObjectStorage): MemoryStore {
  return {
    read: async () => {
      const stored = await storage.get(MEMORY_KEY)
      if (stored === undefined) return EMPTY_MEMORY
      const memory = typeof stored === 'string' ? parseMemory(`${stored}\n`) : undefined
      if (memory === undefined) throw new Error('the memory of the log signer cannot be read')
      return memory
    },
    write: async (next) => {
      await storage.put(MEMORY_KEY, formatMemory(next).trimEnd())
    },
  }
}
