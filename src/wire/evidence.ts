import { z } from 'zod'
import { accept, refuse, type Result } from '#core/result.ts'
import { hash } from './fields.ts'

const note = z.string().max(1_048_576)

/** Two checkpoints of one log and what shows that they are not one history. */
export const EvidenceSchema = z.strictObject({
  log_keys: z.array(z.string().max(4096)).max(1000),
  proof: z.strictObject({ leaf_hash: hash, path: z.array(hash).max(63) }).exactOptional(),
  seen: note,
  shown: note,
  v: z.literal(1),
})

/** Evidence as a file holds it. */
export type EvidenceFile = z.infer<typeof EvidenceSchema>

/** Reads evidence strictly. Refuses `proof-malformed`. */
export function parseEvidence(value: unknown): Result<EvidenceFile> {
  const parsed = EvidenceSchema.safeParse(value)
  return parsed.success
    ? accept(parsed.data)
    : refuse('proof-malformed', 'this is not evidence of a fork')
}
