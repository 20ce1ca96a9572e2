import type { RefusalReason } from '#core/refusal.ts'
import type { Answered, Coalition } from '#test/helpers/coalition.ts'

/** One way to be refused over HTTP. */
export interface RefusalCase {
  readonly reason: RefusalReason
  /** What is tried. */
  readonly name: string
  readonly status: number
  /** A server that still waits for its charter. */
  readonly founded?: false
  /** Brings about all that comes before, and gives the request that is refused. */
  readonly arrange: (coalition: Coalition) => Promise<() => Promise<Answered>>
}

/** Raw bytes as a body that does not say how long it is, in pieces. */
export function streamOf(bytes: Uint8Array, pieceBytes: number): ReadableStream<Uint8Array> {
  let offset = 0
  return new ReadableStream({
    pull: (controller) => {
      if (offset >= bytes.length) {
        controller.close()
        return
      }
      controller.enqueue(bytes.slice(offset, offset + pieceBytes))
      offset += pieceBytes
    },
  })
}
