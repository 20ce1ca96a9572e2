import type { ParsedAct } from '#core/act.ts'
import type { Result } from '#core/result.ts'

/** Reads acts: the schemas live in `wire`, which services do not import. */
export interface ActReader {
  /** Parses exact bytes; what it refuses follows from the bytes alone. */
  parse(payload: Uint8Array): Result<ParsedAct>
}
