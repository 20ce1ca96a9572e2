import { signingSecret } from '#client/openpgp.ts'
import { type Sealer, sealerWithFallback, type SealingTerms, stockSealer } from '#client/sealer.ts'

/** With fewer customers all are done before a thread has started. */
const CUSTOMERS_PER_THREAD_MIN = 250

/** Opens the fastest sealer for a key. @throws as `signEntity` where the key cannot sign. */
export async function openSealer(
  terms: SealingTerms,
  work: { readonly customers: number; readonly threadsMax: number },
): Promise<Sealer> {
  const { at, reporterKey, texts } = terms
  const stock = stockSealer(terms)
  const secret = await signingSecret(reporterKey, { at })
  if (secret === undefined) return stock
  const { openNativeSealer } = await import('#entry/sealer.ts')
  const threads = Math.min(work.threadsMax, Math.floor(work.customers / CUSTOMERS_PER_THREAD_MIN))
  return sealerWithFallback(await openNativeSealer({ secret, texts, at, threads }), stock)
}
