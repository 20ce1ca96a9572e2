import type { Readable } from 'node:stream'

/** Where a command writes: a stream of the process, or a buffer. */
export interface Sink {
  write(chunk: string | Uint8Array): unknown
}

/** All that a command sees of the world around it, so that it runs in a process of its own or inside another one. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: Sink
  readonly stderr: Sink
  /** Whether a person reads `stderr`: progress is shown to nobody else. */
  readonly isTerminal: boolean
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** POSIX seconds. */
  now(): number
  /** Asks for a passphrase; absent where nobody can be asked. */
  readonly askSecret?: (prompt: string) => Promise<string | undefined>
  /** Aborts what waits: Ctrl-C for `serve`. */
  readonly signal?: AbortSignal
}
