import { refuse, accept, type Result } from '#core/result.ts'

/** Bytes of new bundles that one party may announce in a UTC day. */
export const BUNDLE_BYTES_PER_DAY_MAX = 16 * 1024 ** 3

/** What a party has announced on the last day on which it announced something; rows of older versions are empty. */
interface QuotaState {
  readonly day?: string
  readonly bytes?: number
}

/**
 * Counts a new bundle towards its party's day, and gives the state of the quota row that says so. Refuses `bundle-over-quota`.
 *
 * @param state of the row as it is; `undefined` where there is none
 */
export function announce(
  state: string | undefined,
  bundle: { readonly day: string; readonly bytes: number },
): Result<string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this function alone writes it
  const quota = JSON.parse(state ?? '{}') as QuotaState
  const bytes = bundle.bytes + (quota.day === bundle.day ? (quota.bytes ?? 0) : 0)
  if (bytes > BUNDLE_BYTES_PER_DAY_MAX)
    return refuse('bundle-over-quota', 'the party has announced as much as it may in a day')
  return accept(JSON.stringify({ day: bundle.day, bytes } satisfies QuotaState))
}
