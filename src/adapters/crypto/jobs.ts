/** What workers can be asked to do, by name. A function may be asynchronous; its `give` moves bytes of the result instead of copying them. */
export type JobTable = Readonly<
  Record<string, (input: never, give: (bytes: Uint8Array) => void) => unknown>
>

/** What a job of a kind is given. It must survive a structured clone: plain objects, arrays, bytes, strings, numbers. */
export type JobInput<Table extends JobTable, Kind extends keyof Table> = Parameters<Table[Kind]>[0]

/** What a job of a kind gives. */
export type JobOutput<Table extends JobTable, Kind extends keyof Table> = Awaited<
  ReturnType<Table[Kind]>
>

/** Jobs as they travel to a worker. */
export interface Message {
  readonly id: number
  readonly jobs: readonly { readonly kind: string; readonly input: unknown }[]
}

/** What became of the jobs of a message, in their order. */
export interface Answer {
  readonly id: number
  readonly outcomes: readonly Outcome[]
}

type Outcome = { readonly value: unknown } | { readonly message: string }

/** A port to the thread that sends the jobs. */
interface JobPort {
  on(event: 'message', hear: (message: Message) => void): unknown
  postMessage(answer: Answer | 'ready', moved?: readonly ArrayBuffer[]): void
}

/**
 * Serves jobs in a worker thread, those of a message one after the other.
 *
 * A job that throws answers with its message alone, and those beside it are done all the same.
 */
export function serveJobs(port: JobPort, table: JobTable): void {
  port.on('message', (message) => void serve(port, table, message))
  port.postMessage('ready')
}

async function serve(port: JobPort, table: JobTable, { id, jobs }: Message): Promise<void> {
  const outcomes: Outcome[] = []
  const moved: ArrayBuffer[] = []
  for (const { input, kind } of jobs) {
    const given: Uint8Array[] = []
    try {
      const job: unknown = Object.hasOwn(table, kind) ? table[kind] : undefined
      if (typeof job !== 'function') throw new Error(`no job is called ${kind}`)
      const value: unknown = await Reflect.apply(job, undefined, [
        input,
        (bytes: Uint8Array) => given.push(bytes),
      ])
      const ready = gathered(value, given)
      outcomes.push({ value: ready.value })
      moved.push(...ready.moved)
    } catch (error) {
      outcomes.push({ message: error instanceof Error ? error.message : 'a job failed' })
    }
  }
  port.postMessage({ id, outcomes }, moved)
}

/**
 * Makes a value ready to travel: bytes that are only a part of their buffer become a copy of that part, since the clone of a part carries the whole
 * buffer along. Also gives the buffers of those bytes that may be moved.
 */
export function gathered(
  value: unknown,
  give: readonly Uint8Array[],
): { readonly value: unknown; readonly moved: readonly ArrayBuffer[] } {
  const moved = give.flatMap((bytes) => {
    const { buffer } = bytes
    return isWhole(bytes) && buffer instanceof ArrayBuffer ? [buffer] : []
  })
  return { value: compact(value), moved }
}

function compact(value: unknown): unknown {
  if (value instanceof Uint8Array) return isWhole(value) ? value : Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(compact)
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, compact(member)]))
}

function isWhole({ buffer, byteLength }: Uint8Array): boolean {
  return byteLength === buffer.byteLength
}
