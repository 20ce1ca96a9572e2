import type { BlobStore } from '#ports/blob.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import { type Commit, type Storage, Unavailable } from '#ports/storage.ts'

/** A write of a port; `sign` is that of the signer's memory. */
export type Write = 'appendLog' | 'commit' | 'deletePrefix' | 'put' | 'saveCheckpoint' | 'sign'

/**
 * What happens at a write: it fails and nothing is kept; it is kept and its answer is lost; the store is gone from here on, reads
 * included; half of it is there and its name too (blobs, the signer's memory); the process is killed before it, or right after it.
 */
export type Fault = 'dies-after' | 'dies-before' | 'fails' | 'gone' | 'lost' | 'torn'

/** Something to happen at the n-th write from now, 0 being the next. */
export interface Strike {
  readonly nth: number
  readonly fault: Fault
}

/** Stands between a process and its real stores, and makes one write go wrong. */
export interface Injector {
  /** Counts writes from now on, and strikes once. */
  readonly arm: (strike?: Strike) => void
  /** The writes since it was armed, the one that was struck included; nothing fails from now on. */
  readonly disarm: () => { readonly writes: readonly Write[]; readonly struck: boolean }
  /** Stops the next commit between its check and its write: the hook runs there, and says what is written. */
  readonly interpose: (hook: (commit: Commit, real: Storage) => Promise<Commit>) => void
  readonly storage: (real: Storage) => Storage
  readonly blobs: (real: BlobStore) => BlobStore
  /** `tear` leaves what a writer that was cut off half-way would leave. */
  readonly signer: (real: LogSigner, tear: () => Promise<void>) => LogSigner
}

interface Doing<T> {
  readonly write: Write
  readonly whole: () => Promise<T>
  readonly half?: () => Promise<void>
}

/** Opens an injector that lets everything pass. */
export function faultInjector(): Injector {
  let strike: Strike | undefined
  let writes: Write[] = []
  let struck = false
  let gone = false
  let hook: Parameters<Injector['interpose']>[0] | undefined
  const at = async <T>({ half, whole, write }: Doing<T>): Promise<T> => {
    refuseGone(gone)
    const hit = strike !== undefined && writes.length === strike.nth ? strike.fault : undefined
    writes.push(write)
    if (hit === undefined) return await whole()
    struck = true
    if (hit === 'dies-after') await whole()
    if (hit === 'dies-after' || hit === 'dies-before') process.kill(process.pid, 'SIGKILL')
    gone = hit === 'gone'
    if (hit === 'lost') await whole()
    if (hit === 'torn') await half?.()
    throw new Unavailable(`injected: ${hit}`)
  }
  return {
    arm: (next) => {
      strike = next
      writes = []
      struck = false
      gone = false
    },
    disarm: () => {
      strike = undefined
      gone = false
      return { writes, struck }
    },
    interpose: (next) => {
      hook = next
    },
    storage: (real) =>
      gated(real, () => refuseGone(gone), {
        commit: async (commit) => {
          const stopped = hook
          hook = undefined
          const given = (await stopped?.(commit, real)) ?? commit
          return await at({ write: 'commit', whole: async () => await real.commit(given) })
        },
        ...logWrites(real, at),
      }),
    blobs: (real) => ({
      get: async (key, range) => {
        refuseGone(gone)
        return await real.get(key, range)
      },
      put: async (key, bytes) =>
        await at({
          write: 'put',
          whole: async () => await real.put(key, bytes),
          half: async () => await real.put(key, bytes.subarray(0, bytes.length >> 1)),
        }),
      deletePrefix: async (prefix) =>
        await at({ write: 'deletePrefix', whole: async () => await real.deletePrefix(prefix) }),
    }),
    signer: (real, tear) => ({
      state: async () => {
        refuseGone(gone)
        return await real.state()
      },
      sign: async (head, prove) =>
        await at({ write: 'sign', whole: async () => await real.sign(head, prove), half: tear }),
    }),
  }
}

type Striking = <T>(doing: Doing<T>) => Promise<T>

function logWrites(real: Storage, at: Striking): Pick<Storage, 'appendLog' | 'saveCheckpoint'> {
  return {
    appendLog: async (append) =>
      await at({ write: 'appendLog', whole: async () => await real.appendLog(append) }),
    saveCheckpoint: async (size, note) =>
      await at({
        write: 'saveCheckpoint',
        whole: async () => await real.saveCheckpoint(size, note),
      }),
  }
}

function refuseGone(gone: boolean): void {
  if (gone) throw new Unavailable('injected: gone')
}

/** A storage with some methods of its own; reaching for any of the others asks the gate first. */
function gated(real: Storage, gate: () => void, own: Partial<Storage>): Storage {
  return new Proxy(real, {
    get: (target, name): unknown => {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name)
      if (name !== 'close') gate()
      return Reflect.get(target, name)
    },
  })
}
