import type { RefusalReason } from '#core/refusal.ts'

/** An answered request, without anything of who asked. */
export interface MeasuredRequest {
  readonly method: string
  /** The pattern of the route and never the path: `/api/acts/:id`. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/**
 * What the server counts about itself.
 *
 * Every label comes from a closed list of our own words, so that the numbers stay few and name nobody. What customers do is not counted:
 * whoever keeps the numbers of each minute would have the time of day that nothing else here writes down.
 */
export interface Metrics {
  requestAnswered(request: MeasuredRequest): void
  actAccepted(fields: { readonly type: string; readonly status: string }): void
  actRefused(fields: { readonly reason: RefusalReason }): void
  checkpointSigned(fields: { readonly treeSize: number }): void
  signerRefused(fields: { readonly reason: RefusalReason }): void
  unavailable(): void
  failed(): void
}

/**
 * A number that is looked up when somebody reads the metrics: the length of a queue, the age of a cosignature.
 *
 * Who builds a queue gives one of these to the metrics listener; `labels` are from a closed list too.
 */
export interface Gauge {
  /** `dunant_…`, with its unit last: `_seconds`, `_bytes`. */
  readonly name: string
  readonly help: string
  readonly labels?: Readonly<Record<string, string>>
  /** `undefined` where there is no such number now. */
  readonly read: () => Promise<number | undefined> | number | undefined
}
