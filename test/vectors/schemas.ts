import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Json } from '#core/canonical-json.ts'
import { CHECK_STATUSES } from '#core/check-list.ts'
import { BriefSchema, NoticeStatementSchema } from '#wire/notice.ts'
import { LinePathSchema, ReceiptSchema } from '#wire/receipt.ts'
import { TemplateManifestSchema, TemplateTextSchema } from '#wire/template.ts'

// The shapes of the vector files. README.md says what each field means.

const name = z.string()
const refusal = z.string()
const hexText = z.string().regex(/^(?:[0-9a-f]{2})*$/)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const json = z.custom<Json>((value) => value !== undefined)

const bytes = {
  base64: z.string().optional(),
  repeat: z.strictObject({ count: z.int(), text: z.string() }).optional(),
  text: z.string().optional(),
}

export const ActsSchema = z.strictObject({
  refused: z.array(z.strictObject({ name, refusal, ...bytes })),
  valid: z.array(
    z.strictObject({ at: z.int(), expires: z.int(), id: hash, name, text: z.string() }),
  ),
})

const signature = { armored: z.string(), certificate: z.string(), name, payload: z.string() }
export const SignaturesSchema = z.strictObject({
  refused: z.array(z.strictObject({ ...signature, refusal })),
  valid: z.array(
    z.strictObject({
      ...signature,
      created_at: z.int(),
      fingerprint: z.string(),
      packet: z.string(),
      packet_sha256: hash,
    }),
  ),
})

export const MailboxesSchema = z.strictObject({
  ids: z.array(z.strictObject({ fingerprint: hexText, mailbox: z.string(), salt: hexText })),
  tokens: z.array(z.strictObject({ token: hexText, token_hash: hash })),
  work: z.array(
    z.strictObject({
      day: z.string(),
      digest: hash,
      holds: z.boolean(),
      mailbox: z.string(),
      work: z.string(),
    }),
  ),
})

const purpose = z.enum(['mailbox', 'officer'])
const expected = z.strictObject({ fingerprint: hexText, origin: z.string(), purpose })
export const ChallengesSchema = z.strictObject({
  claims: z.array(
    z.strictObject({
      answer: z.string(),
      certificate: z.enum(['alice', 'contoso']),
      fingerprint: hexText,
      holds: z.boolean(),
      name,
      now: z.int(),
      purpose,
    }),
  ),
  issued: z.array(
    z.strictObject({
      ...expected.shape,
      answer: hash,
      day: z.string(),
      key: z.enum(['alice', 'contoso']),
      message: z.string(),
      text: z.string(),
    }),
  ),
  secret: hash,
  texts: z.array(z.strictObject({ expected, name, refusal: refusal.optional(), text: z.string() })),
})

const path = z.array(hash)
export const MerkleSchema = z.strictObject({
  entries: z.array(hexText),
  leaf_hashes: path,
  refused: z.array(
    z.strictObject({
      index: z.int(),
      leaf_hash: hash,
      name,
      path: z.array(hexText),
      refusal,
      root: hash,
      size: z.int(),
    }),
  ),
  trees: z.array(z.strictObject({ paths: z.array(path), root: hash, size: z.int() })),
})

export const BundleSchema = z.strictObject({
  chunks_refused: z.array(z.strictObject({ last: z.string(), name, refusal, text: z.string() })),
  count: z.int(),
  envelopes: z.array(
    z.strictObject({
      encryption_keys: z.array(z.string()),
      message: z.string(),
      name,
      refusal: refusal.optional(),
    }),
  ),
  lines_refused: z.array(z.strictObject({ name, refusal, ...bytes })),
  paths: z.array(z.strictObject({ index: z.int(), leaf_hash: hash, line: z.string(), path })),
  root: hash,
})

export const RecordsSchema = z.strictObject({
  refused: z.array(
    z.strictObject({ kind: z.enum(['act', 'head']), name, refusal, text: z.string() }),
  ),
  valid: z.array(
    z.strictObject({
      addendum: z.string(),
      entry: hexText,
      kind: z.enum(['act', 'head']),
      leaf_hash: hash,
      name,
      record_hash: hash,
      salt: hash,
      text: z.string(),
    }),
  ),
})

export const ProofsSchema = z.strictObject({
  log_key: z.string(),
  refused: z.array(z.strictObject({ name, proof: z.string(), refusal })),
  valid: z.array(
    z.strictObject({
      addendum: z.string(),
      index: z.int(),
      name,
      proof: z.string(),
      root: hash,
      size: z.int(),
      status: z.enum(['logged', 'witnessed']),
      witnessed: z.int(),
    }),
  ),
  witnesses: z.strictObject({ keys: z.array(z.string()), quorum: z.int() }),
})

export const CheckCodesSchema = z.strictObject({
  refused: z.array(z.strictObject({ name, refusal, text: z.string() })),
  valid: z.array(
    z.strictObject({
      code: z.string(),
      digits: z.string(),
      letters: z.string(),
      name,
      random: hash,
      spellings: z.array(z.string()),
    }),
  ),
})

export const CheckListsSchema = z.strictObject({
  genesis: hash,
  valid: z.array(
    z.strictObject({
      entries: z.array(
        z.strictObject({
          account: z.string().optional(),
          buckets: z.tuple([z.int(), z.int(), z.int(), z.int()]),
          code: z.string(),
          key: hash,
          password: hexText,
          place: z.int(),
          salt: hash,
          since_day: z.int(),
          slot: hexText,
          status: z.enum(CHECK_STATUSES),
          text: z.string(),
        }),
      ),
      epoch: z.string(),
      filer: z.string(),
      list_salt: hash,
      name,
      release: z.string(),
      texts: z.array(
        z.strictObject({
          content: json,
          first: z.int(),
          key: hexText,
          name,
          records: z.int(),
          sealed: z.string(),
        }),
      ),
    }),
  ),
})

export const CommitmentsSchema = z.strictObject({
  accounts: z.array(
    z.strictObject({
      account: z.string(),
      normal: z.string().optional(),
      refusal: refusal.optional(),
    }),
  ),
  briefs: z.array(
    z.strictObject({ brief: BriefSchema, canonical: z.string(), commitment: hash, salt: hash }),
  ),
  lines: z.array(
    z.strictObject({ commitment: hash, salt: hash, signed_notice: z.string(), statement: json }),
  ),
  templates: z.array(z.strictObject({ commitment: hash, salt: hash, template_hash: hash })),
})

export const EntitySchema = z.strictObject({
  entity: z.string(),
  entity_sha256: hash,
  manifest: TemplateManifestSchema,
  refused: z.array(z.strictObject({ find: z.string(), name, refusal, replace: z.string() })),
  statement: NoticeStatementSchema,
  subject: z.string(),
  template_hash: hash,
  text: TemplateTextSchema,
  text_hash: hash,
  text_lines: z.array(z.string()),
})

const mutation = z.strictObject({
  /** Where: members and positions. */
  path: z.array(z.union([z.string(), z.int()])),
  /** What stands there instead; the member is removed where it is left out. */
  value: json.optional(),
})
export const ReceiptsSchema = z.strictObject({
  anchor: z.strictObject({ genesis: hash, origin: z.string() }),
  line: z.strictObject({
    refused: z.array(z.strictObject({ line: LinePathSchema, name, refusal, text: z.string() })),
    text: z.string(),
  }),
  refused: z.array(
    z.strictObject({
      anchor: z.strictObject({ genesis: hash, origin: z.string() }).optional(),
      base: z.string(),
      changes: z.array(mutation),
      name,
      refusal,
    }),
  ),
  valid: z.array(
    z.strictObject({
      expected: z.strictObject({
        act: hash,
        head: hash,
        leaf_index: z.int(),
        roster: z.array(z.strictObject({ domain: z.string(), officers: z.array(z.string()) })),
        signers: z.array(z.strictObject({ fingerprint: z.string(), party: z.string() })),
        status: z.enum(['logged', 'witnessed']),
        supports: z.array(z.strictObject({ party: z.string(), statements: z.array(z.string()) })),
        tree_size: z.int(),
        type: z.string(),
        witness_quorum: z.int(),
        witnessed: z.int(),
      }),
      name,
      receipt: ReceiptSchema,
    }),
  ),
})

/** The file of each schema. */
export const FILES = {
  'acts.json': ActsSchema,
  'bundle.json': BundleSchema,
  'challenges.json': ChallengesSchema,
  'check-codes.json': CheckCodesSchema,
  'check-lists.json': CheckListsSchema,
  'commitments.json': CommitmentsSchema,
  'entity.json': EntitySchema,
  'mailboxes.json': MailboxesSchema,
  'merkle.json': MerkleSchema,
  'receipts.json': ReceiptsSchema,
  'records.json': RecordsSchema,
  'signatures.json': SignaturesSchema,
  'tlog-proofs.json': ProofsSchema,
} as const
export type FileName = keyof typeof FILES
export type Contents = { [K in FileName]: z.infer<(typeof FILES)[K]> }

/** Reads a vector file; unknown and missing fields are faults. */
export function readVectors<K extends FileName>(file: K): Contents[K] {
  const parsed: unknown = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of this very file has just checked it
  return FILES[file].parse(parsed) as Contents[K]
}
