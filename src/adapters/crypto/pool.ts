import { Worker } from 'node:worker_threads'
import { Overloaded } from '#ports/crypto.ts'
import { Unavailable } from '#ports/storage.ts'
import { type Answer, gathered, type JobInput, type JobOutput, type JobTable } from './jobs.ts'

/** Where the workers' program lies. */
export interface WorkerProgram {
  readonly url: URL
}

/** How a pool is made. */
export interface PoolOptions {
  readonly program: WorkerProgram
  /** How many worker threads. */
  readonly size: number
  /** How many jobs may wait or run before more are refused. */
  readonly jobsMax: number
  /** How many jobs one message carries at most: more cost less each, and answer later. */
  readonly batchMax: number
  /** After this long with one message a worker is held to be lost. */
  readonly millisecondsMax?: number
  /** How large the heap for young objects may grow in each thread: where little is kept, a small one costs little time. */
  readonly youngMegabytesMax?: number
}

/** Worker threads that do the jobs of a table. */
export interface Pool<Table extends JobTable> {
  /**
   * Has one job done.
   *
   * The input is copied to the worker; bytes in `give` are moved instead where they are all of their buffer, and are empty here afterwards.
   * Outputs may come in another order than the jobs.
   *
   * @throws Overloaded where `jobsMax` jobs wait or run: nothing was begun.
   * @throws Unavailable where the pool is closed, or the worker died over the job or a neighbour of it.
   * @throws Error with the job's own message where the job threw.
   */
  run<Kind extends keyof Table & string>(
    kind: Kind,
    input: JobInput<Table, Kind>,
    give?: readonly Uint8Array[],
  ): Promise<JobOutput<Table, Kind>>
  /** How many jobs wait or run. */
  pending(): number
  /** Takes no more jobs, lets those that were taken finish, and ends the threads. */
  close(): Promise<void>
}

/** While a worker computes one message, the next one lies ready. */
const MESSAGES_PER_WORKER = 2
const MILLISECONDS_MAX = 30_000
/** Workers keep little: what is large passes through them outside this heap. */
const HEAP_MEGABYTES_MAX = 256

interface Waiting {
  readonly kind: string
  readonly input: unknown
  readonly give: readonly Uint8Array[]
  readonly settle: (outcome: Settled) => void
}

type Settled = { readonly value: unknown } | { readonly error: Error }

interface Slot {
  readonly pool: PoolState
  readonly worker: Worker
  /** Jobs of each message that was not answered yet, by the message's number. */
  readonly sent: Map<number, readonly Waiting[]>
  isReady: boolean
  /** Runs while there are unanswered messages. */
  deadline: NodeJS.Timeout | undefined
}

/**
 * Starts worker threads and waits until each is ready.
 *
 * Jobs that come in one turn of the event loop travel together. A worker that dies (it throws outside a job, runs out of memory, is killed or takes
 * too long) fails the jobs it had with Unavailable; the next job starts another.
 *
 * @throws Unavailable where a thread cannot be started.
 */
export async function openPool<Table extends JobTable>(options: PoolOptions): Promise<Pool<Table>> {
  const state: PoolState = {
    options,
    slots: new Set(),
    queue: [],
    running: 0,
    isClosed: false,
    isScheduled: false,
    drained: undefined,
  }
  const started = Array.from({ length: options.size }, async () => await startWorker(state))
  const failed = (await Promise.allSettled(started)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') {
    await end(state)
    throw new Unavailable('a worker thread cannot be started', { cause: failed.reason })
  }
  return {
    run: async <Kind extends keyof Table & string>(
      kind: Kind,
      input: JobInput<Table, Kind>,
      give: readonly Uint8Array[] = [],
    ) => await enqueue<JobOutput<Table, Kind>>(state, { kind, input, give }),
    pending: () => state.queue.length + state.running,
    close: async () => {
      state.isClosed = true
      await new Promise<void>((resolve) => {
        state.drained = resolve
        if (state.queue.length + state.running === 0) resolve()
      })
      await end(state)
    },
  }
}

interface PoolState {
  readonly options: PoolOptions
  readonly slots: Set<Slot>
  readonly queue: Waiting[]
  running: number
  isClosed: boolean
  isScheduled: boolean
  drained: (() => void) | undefined
}

async function enqueue<Output>(state: PoolState, job: Omit<Waiting, 'settle'>): Promise<Output> {
  if (state.isClosed) throw new Unavailable('the worker threads have ended')
  if (state.queue.length + state.running >= state.options.jobsMax)
    throw new Overloaded('too many jobs wait for the worker threads')
  return await new Promise<Output>((resolve, reject) => {
    const settle = (outcome: Settled): void => {
      if ('error' in outcome) reject(outcome.error)
      // The table says what a job of this kind gives; threads have no types.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      else resolve(outcome.value as Output)
    }
    state.queue.push({ ...job, settle })
    schedule(state)
  })
}

/** Sends at the end of the turn, so that jobs of one turn share a message. */
function schedule(state: PoolState): void {
  if (state.isScheduled) return
  state.isScheduled = true
  setImmediate(() => {
    state.isScheduled = false
    for (let missing = state.options.size - state.slots.size; missing > 0; missing--) {
      startWorker(state).then(
        () => dispatch(state),
        () => undefined,
      )
    }
    dispatch(state)
  })
}

function dispatch(state: PoolState): void {
  while (state.queue.length > 0) {
    const free = [...state.slots].filter(
      ({ isReady, sent }) => isReady && sent.size < MESSAGES_PER_WORKER,
    )
    const [first, ...others] = free
    if (first === undefined) return
    const slot = others.reduce(
      (best, next) => (next.sent.size < best.sent.size ? next : best),
      first,
    )
    const places = free.reduce((sum, { sent }) => sum + MESSAGES_PER_WORKER - sent.size, 0)
    const count = Math.min(state.options.batchMax, Math.ceil(state.queue.length / places))
    send(slot, state.queue.splice(0, count))
  }
}

let lastMessage = 0

function send(slot: Slot, jobs: readonly Waiting[]): void {
  const id = ++lastMessage
  const messages = jobs.map(({ kind, input, give }) => ({ kind, ...gathered(input, give) }))
  if (slot.sent.size === 0) slot.worker.ref()
  slot.sent.set(id, jobs)
  slot.pool.running += jobs.length
  watch(slot)
  try {
    slot.worker.postMessage(
      { id, jobs: messages.map(({ kind, value }) => ({ kind, input: value })) },
      messages.flatMap(({ moved }) => moved),
    )
  } catch (cause) {
    const error = new Error('a job cannot be sent to a worker thread', { cause })
    settleAll(slot, id, () => ({ error }))
  }
}

/** A worker that computes without end would hold its jobs for ever. */
function watch(slot: Slot): void {
  clearTimeout(slot.deadline)
  slot.deadline = undefined
  if (slot.sent.size === 0) return slot.worker.unref()
  const milliseconds = slot.pool.options.millisecondsMax ?? MILLISECONDS_MAX
  slot.deadline = setTimeout(() => {
    lose(slot, new Error('a worker thread took too long'))
  }, milliseconds)
}

function settleAll(slot: Slot, id: number, settled: (place: number) => Settled): void {
  const { pool: state } = slot
  const jobs = slot.sent.get(id) ?? []
  slot.sent.delete(id)
  state.running -= jobs.length
  watch(slot)
  for (const [place, { settle }] of jobs.entries()) settle(settled(place))
  if (state.queue.length + state.running === 0) state.drained?.()
}

/** Fails what a worker had, once, and lets another take its place when there is work. */
function lose(slot: Slot, cause: unknown): void {
  const { pool: state } = slot
  if (!state.slots.delete(slot)) return
  void slot.worker.terminate()
  const error = new Unavailable('a worker thread died', { cause })
  for (const id of slot.sent.keys()) settleAll(slot, id, () => ({ error }))
  if (slot.isReady && !state.isClosed) {
    if (state.queue.length > 0) schedule(state)
  } else if (state.slots.size === 0) {
    // A program that cannot start is not started again and again; whoever asks next tries once more.
    for (const { settle } of state.queue.splice(0)) settle({ error })
  }
  if (state.queue.length + state.running === 0) state.drained?.()
}

async function startWorker(state: PoolState): Promise<void> {
  const worker = new Worker(state.options.program.url, {
    execArgv: [],
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX,
      ...(state.options.youngMegabytesMax === undefined
        ? {}
        : { maxYoungGenerationSizeMb: state.options.youngMegabytesMax }),
    },
  })
  const slot: Slot = { pool: state, worker, sent: new Map(), isReady: false, deadline: undefined }
  state.slots.add(slot)
  await new Promise<void>((resolve, reject) => {
    const lost = (cause: unknown): void => {
      lose(slot, cause)
      reject(cause instanceof Error ? cause : new Error('a worker thread ended'))
    }
    worker.on('error', lost)
    worker.on('messageerror', lost)
    worker.on('exit', () => lost(new Error('a worker thread ended')))
    worker.on('message', (answer: Answer | 'ready') => {
      if (answer === 'ready') {
        slot.isReady = true
        worker.unref()
        resolve()
      } else settleAll(slot, answer.id, (place) => outcomeOf(answer, place))
      dispatch(state)
    })
  })
}

function outcomeOf({ outcomes }: Answer, place: number): Settled {
  const outcome = outcomes[place]
  if (outcome === undefined) return { error: new Error('a job was not answered') }
  return 'message' in outcome ? { error: new Error(outcome.message) } : outcome
}

async function end(state: PoolState): Promise<void> {
  const slots = [...state.slots]
  state.slots.clear()
  await Promise.all(slots.map(async ({ worker }) => await worker.terminate()))
}
