import { readFileSync } from 'node:fs'
import { openHttpWitness } from '#adapters/log/http-witness.ts'
import { seenBy } from '#service/ask-witness.ts'
import { parseServerFile } from './config.ts'
import { serverPaths } from './home.ts'

/** What a witness that a server's home names answers now. */
export interface WitnessStatus {
  readonly vkey: string
  readonly url: string
  /** The size that it cosigned last; `undefined` where it does not answer, or not with its own signature and the log's. */
  readonly size: number | undefined
}

/**
 * Asks every witness that a server's home names what it cosigned last.
 *
 * @param logKeys note verifier keys of the log
 * @throws Error where the settings are missing or malformed.
 */
export async function askWitnesses(
  home: string,
  logKeys: readonly string[],
): Promise<readonly WitnessStatus[]> {
  const file = parseServerFile(readFileSync(serverPaths(home).serverFile, 'utf8'))
  return await Promise.all(
    (file.witnesses ?? []).map(async (address) => {
      const witness = openHttpWitness(address)
      const seen = await seenBy(witness, file.origin, logKeys).catch(() => undefined)
      return { vkey: address.vkey, url: address.url, size: seen?.size }
    }),
  )
}
