import { openHttpWitness } from '#adapters/log/http-witness.ts'
import type { Witness } from '#ports/witness.ts'
import type { WitnessAddresses } from './config.ts'

/** Between two rounds where nothing else is set: a notice is released within a second or two, and no witness of a member's is overrun. */
export const PAUSE_SECONDS = 1

/** How a server reaches its witnesses, until it ends. */
export interface WitnessReach {
  readonly witnesses: readonly Witness[]
  readonly pauseSeconds: number
  readonly wait: (seconds: number) => Promise<void>
}

/**
 * Reaches the witnesses that the operator names. When the signal comes, requests and pauses end at once.
 *
 * @param signal none on Workers: one that a request made must not be touched by the next, and the runtime ends what is left
 */
export function reachWitnesses(
  named: {
    readonly witnesses?: WitnessAddresses | undefined
    readonly witness_pause_seconds?: number | undefined
  },
  signal?: AbortSignal,
): WitnessReach {
  return {
    witnesses: (named.witnesses ?? []).map((address) =>
      openHttpWitness({ ...address, ...(signal ? { signal } : {}) }),
    ),
    pauseSeconds: named.witness_pause_seconds ?? PAUSE_SECONDS,
    wait: pauseUntil(signal),
  }
}

/** Pauses that all end when the signal comes. */
function pauseUntil(signal: AbortSignal | undefined): (seconds: number) => Promise<void> {
  const pending = new Set<() => void>()
  signal?.addEventListener('abort', () => {
    for (const end of pending) end()
  })
  return async (seconds) => {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), seconds * 1000)
      const end = (): void => {
        clearTimeout(timer)
        pending.delete(end)
        resolve()
      }
      pending.add(end)
    })
  }
}
