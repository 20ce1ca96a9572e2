import { z } from 'zod'
import { ACT_BYTES_MAX } from '#core/act.ts'
import { fromBase64 } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'

/** Base64 of the longest act. */
const PAYLOAD_CHARACTERS_MAX = 4 * Math.ceil(ACT_BYTES_MAX / 3)

/** An act and its signatures as a JSON body, for clients to whom multipart is a burden. */
export const SealedActSchema = z.strictObject({
  payload: z.string().meta({ contentEncoding: 'base64', contentMediaType: 'application/json' }),
  signatures: z.array(z.string()).max(1000),
})

/**
 * Reads the JSON form of a submission. Refuses `request-malformed`, and `act-too-large` as its other form would.
 *
 * Neither the number of signatures nor their armor is looked at: that is the same for both forms.
 */
export function parseSealedAct(
  json: unknown,
): Result<{ readonly payload: Uint8Array; readonly signatures: readonly string[] }> {
  const parsed = SealedActSchema.safeParse(json)
  if (!parsed.success) return refuse('request-malformed', 'the body is {payload, signatures}')
  if (parsed.data.payload.length > PAYLOAD_CHARACTERS_MAX) return refuse('act-too-large')
  const payload = fromBase64(parsed.data.payload)
  if (payload === undefined) return refuse('request-malformed', 'the payload is not base64')
  return accept({ payload, signatures: parsed.data.signatures })
}
