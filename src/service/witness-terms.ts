import type { Storage } from '#ports/storage.ts'
import type { ActReader } from '#ports/acts.ts'

/** What the newest charter says about who watches the log. */
export interface WitnessTerms {
  /** Note verifier keys. */
  readonly keys: readonly string[]
  readonly quorum: number
  /** Note verifier key. */
  readonly logKey: string
}

const PAGE = 200

/** Reads the newest charter of a stored governance chain; `undefined` before there is one. The acts are taken as they are stored. */
export async function witnessTerms(
  storage: Storage,
  acts: ActReader,
): Promise<WitnessTerms | undefined> {
  let terms: WitnessTerms | undefined
  for (let from = 0; ; from += PAGE) {
    const records = await storage.governance(from, PAGE)
    for (const { act } of records) {
      const row = await storage.findAct(act)
      const parsed = row === undefined ? undefined : acts.parse(row.payload)
      if (parsed?.ok !== true) continue
      const found = parsed.value.act
      if (found.type !== 'charter.adopt' && found.type !== 'charter.amend') continue
      const { log_key, witnesses } = found.body
      terms = { keys: witnesses.keys, quorum: witnesses.quorum, logKey: log_key }
    }
    if (records.length < PAGE) return terms
  }
}
