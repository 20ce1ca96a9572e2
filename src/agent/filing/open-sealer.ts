import { signingSecret } from '#client/openpgp.ts'
import { type Sealer, sealerWithFallback, type SealingTerms, stockSealer } from '#client/sealer.ts'
import type { SigningSecret } from '#client/signing-secret.ts'

/** With fewer customers all are done before a thread has started. */
const CUSTOMERS_PER_THREAD_MIN = 250

/** Opens native arithmetic for a signing key, on so many threads. */
export type OpenNative = (
  terms: Pick<SealingTerms, 'at' | 'texts'> & {
    readonly secret: SigningSecret
    readonly threads: number
  },
) => Promise<Parameters<typeof sealerWithFallback>[0]>

/** Opens the fastest sealer for a key. @throws as `signEntity` where the key cannot sign. */
export async function openSealer(
  terms: SealingTerms,
  work: { readonly customers: number; readonly threadsMax: number },
  openNative: OpenNative,
): Promise<Sealer> {
  const { at, reporterKey, texts } = terms
  const stock = stockSealer(terms)
  const secret = await signingSecret(reporterKey, { at })
  if (secret === undefined) return stock
  const threads = Math.min(work.threadsMax, Math.floor(work.customers / CUSTOMERS_PER_THREAD_MIN))
  return sealerWithFallback(await openNative({ secret, texts, at, threads }), stock)
}
