import { z } from 'zod'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const bytes = z.number().int().min(0)
const FileSchema = z.strictObject({ bytes, sha256: hash })
const count = z.number().int().min(0)

/** A backup, or the folder for one, is not as it must be; the message is for the operator. */
export class BackupFault extends Error {
  override readonly name = 'BackupFault'
}

/** What a snapshot consists of. It is written last: a snapshot without it is none. */
const ManifestSchema = z.strictObject({
  /** Each blob by its key, relative to the folder of blobs that all snapshots share. */
  blobs: z.array(z.tuple([z.string().max(201), bytes, hash])),
  database: FileSchema,
  /** UTC day. */
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  format: z.literal('dunant-backup-v1'),
  keys: FileSchema.exactOptional(),
  log: z.strictObject({ root: hash, size: count }),
  migrations: z.array(z.string().max(100)),
  origin: z.string().max(253),
  settings: FileSchema,
})

/** What a snapshot consists of. */
export type Manifest = z.infer<typeof ManifestSchema>

/** The names of the files of a snapshot. */
export const SNAPSHOT = {
  database: 'database.sqlite',
  keys: 'keys.asc',
  manifest: 'manifest.json',
  settings: 'server.json',
} as const

/** The folder of blobs, beside the snapshots. */
export const BLOBS = 'blobs'

/** The text of a manifest. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(ManifestSchema.parse(manifest))}\n`
}

/** @throws BackupFault naming what is wrong. */
export function parseManifest(text: string): Manifest {
  const parsed = ManifestSchema.safeParse(JSON.parse(text))
  if (!parsed.success)
    throw new BackupFault(`the manifest cannot be read: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
