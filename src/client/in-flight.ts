/** How many signatures or encryptions run at once: enough to keep the threads of the platform's crypto busy. */
export const IN_FLIGHT_MAX = 16

/**
 * Works on items a few at a time and gives the results in the order of the items.
 *
 * Items are taken only as results are, so a list of any length needs the memory of `most` items.
 */
export async function* inFlight<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<R>,
  most = IN_FLIGHT_MAX,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for await (const item of items) {
    const started = work(item)
    // Whoever fails is awaited in turn; until then its failure is not one that nobody looks at.
    started.catch(() => undefined)
    running.push(started)
    const oldest = running.length < most ? undefined : running.shift()
    if (oldest !== undefined) yield await oldest
  }
  for (const rest of running) yield await rest
}

/** Puts items together in lists of so many; the last may be shorter. */
export async function* inBatches<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
): AsyncGenerator<readonly T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
