import { fetchDirectory } from '#client/directory.ts'
import { type Api, openApi } from '#client/http.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import { signAct } from '#client/act.ts'
import { type Coalition, pinCoalition, type PinStore } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import { startSession } from '#client/session.ts'
import { headOf } from '#core/directory.ts'
import type { Replay } from '#core/replay.ts'
import { accept, type Result } from '#core/result.ts'
import type { Filer } from './filing/file-notice.ts'

/** Where the coalition is, and as whom the agent files there. */
export interface FilerTerms {
  readonly coalition: Coalition
  readonly key: UnlockedKey
  readonly now: () => number
  readonly party: string
  readonly pins: PinStore
  readonly server: string
}

/** Somebody who files, and the chain that they verified last. */
export interface OpenFiler {
  readonly filer: Filer
  readonly replay: Replay
}

/** Gives the filer, with a fresh directory, and a session that is opened anew when it has to be. */
export type GetFiler = (options?: { readonly again: boolean }) => Promise<Result<OpenFiler>>

const NONCE_BYTES = 16
/** Well before its twelve hours are over. */
const SESSION_SECONDS_MAX = 6 * 3600

/** Opens sessions as they are needed. Throws `Outage` where the server does not answer. */
export function filerOf(terms: FilerTerms): GetFiler {
  const { coalition, key, now, party, pins, server } = terms
  const plain = openApi({ url: server })
  let session: { readonly api: Api; readonly since: number } | undefined
  return async ({ again } = { again: false }) => {
    const pinned = await pinCoalition(pins, coalition)
    if (!pinned.ok) return pinned
    const replay = await fetchDirectory(plain, pins)
    if (!replay.ok) return replay
    const { directory } = replay.value
    if (again || session === undefined || now() - session.since > SESSION_SECONDS_MAX) {
      const opened = await startSession(plain, {
        by: { party },
        key,
        directory: headOf(directory),
        origin: coalition.origin,
        now: now(),
        nonce: systemRandom(NONCE_BYTES),
      })
      if (!opened.ok) return opened
      session = { api: openApi({ url: server, token: opened.value.token }), since: now() }
    }
    const sign = async (payload: Uint8Array): Promise<Result<string>> =>
      await signAct(key, payload, now())
    const { api } = session
    const filer = { api, coalition, directory, party, pins, reporterKey: key, sign, now }
    return accept({ filer, replay: replay.value })
  }
}
