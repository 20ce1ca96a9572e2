import { Hono } from 'hono'
import { BRIEF_BYTES_MAX, BRIEFS_PER_DAY_MAX } from '#service/brief.ts'
import { BUNDLE_BYTES_PER_DAY_MAX } from '#service/bundle-quota.ts'
import { CHUNK_BYTES_MAX, UNFILED_BYTES_MAX, UPLOADS_MAX } from '#service/upload-bundle.ts'
import { CLAIMS, type LimitsAnswer } from '#wire/limits.ts'
import type { Admission } from '#http/admission.ts'
import { keepFor } from '#http/headers.ts'

const KEEP_SECONDS = 300

/** `GET /api/limits`: how much anybody may ask for, as this server enforces it. */
export function limitRoutes({ admission }: { readonly admission: Admission }): Hono {
  const app = new Hono()
  app.get('/api/limits', (c) => {
    keepFor(c, KEEP_SECONDS)
    return c.json(limitsOf(admission))
  })
  return app
}

function limitsOf({ rates, underWay }: Admission): LimitsAnswer {
  return {
    claims: CLAIMS,
    quotas: {
      briefBytesMax: BRIEF_BYTES_MAX,
      briefsPerDay: BRIEFS_PER_DAY_MAX,
      bundleBytesPerDay: BUNDLE_BYTES_PER_DAY_MAX,
      bundlesAtOnce: UPLOADS_MAX,
      chunkBytesMax: CHUNK_BYTES_MAX,
      unfiledBytes: UNFILED_BYTES_MAX,
    },
    rates,
    underWay,
  }
}
