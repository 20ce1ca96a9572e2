import { z } from 'zod'
import type { ActType } from '#core/act-bodies.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import type { Json } from '#core/canonical-json.ts'
import { AuthorSchema, EnvelopeSchema, isActType } from './act.ts'
import { BODY_SCHEMAS } from './act-bodies.ts'
import { ANSWER_SCHEMAS, type AnswerName } from './answers.ts'
import { domain, hash, mailbox, salt16 } from './fields.ts'
import {
  type AnswerBody,
  type Operation,
  OPERATIONS,
  type QueryName,
  type RequestBody,
} from './operations.ts'
import { SealedActSchema } from './sealed-act.ts'

/** A piece of the document. JSON Schema has keys that canonical JSON does not know. */
export interface DocumentPart {
  readonly [key: string]: DocumentPart | Json | readonly DocumentPart[] | undefined
}

const PATH_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  act: hash,
  domain,
  file: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})\.asc$/),
  hash: z.string().regex(/^[a-z0-9]{32}$/),
  index: z.int().min(0),
  path: z.string().max(64),
  reason: z.string().max(64),
  report: salt16,
  root: hash,
  s0: z.string().regex(/^[0-9a-f]{2}$/),
  s1: z.string().regex(/^[0-9a-f]{2}$/),
  sha256: hash,
}

const QUERY_SCHEMAS: Readonly<
  Record<QueryName, { name: string; required: boolean; schema: z.ZodType }>
> = {
  after: { name: 'after', required: false, schema: z.int().min(0) },
  afterAct: { name: 'after', required: false, schema: hash },
  afterMailbox: { name: 'after', required: false, schema: mailbox },
  chain: { name: 'chain', required: false, schema: z.literal('none') },
  cookie: { name: 'cookie', required: false, schema: z.literal('1') },
  count: { name: 'count', required: true, schema: z.int().min(1024) },
  identifiable: { name: 'identifiable', required: false, schema: z.enum(['false', 'true']) },
  l: { name: 'l', required: false, schema: z.string().max(64) },
  purpose: { name: 'purpose', required: true, schema: z.enum(['mailbox', 'officer']) },
  status: { name: 'status', required: true, schema: z.literal('pending') },
}

/**
 * Makes the OpenAPI 3.1 document out of the schemas that validate.
 *
 * @param server address under which the server is reached, where it is known
 */
export function openApiDocument(server?: string): DocumentPart {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Dunant',
      version: '1',
      description:
        'Everything that changes is a signed act. Stock gpg and curl are a complete client.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    ...(server === undefined ? {} : { servers: [{ url: server }] }),
    paths: paths(),
    components: {
      schemas: schemas(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: '__Host-dunant' },
      },
    },
  }
}

function paths(): DocumentPart {
  const all: Record<string, Record<string, DocumentPart>> = {}
  for (const operation of OPERATIONS) {
    all[operation.path] = { ...all[operation.path], [operation.method]: describe(operation) }
  }
  return all
}

function describe(operation: Operation): DocumentPart {
  const { answers, body, path, query = [], session, summary } = operation
  const named = [...path.matchAll(/\{([a-z0-9]+)\}/g)].map(([, name]) => name ?? '')
  return {
    summary,
    parameters: [
      ...named.map((name) => ({
        in: 'path',
        name,
        required: true,
        schema: pathSchema(path, name),
      })),
      ...query
        .map((name) => ({ in: 'query', ...QUERY_SCHEMAS[name] }))
        .map(({ schema, ...rest }) => ({ ...rest, schema: toSchema(schema) })),
      ...(body === 'bundle' ? [CONTENT_RANGE] : []),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: requestContent(body) } }),
    ...(session === undefined ? {} : { security: security(session) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, response(answer)]),
      ),
      default: {
        description: 'A problem (RFC 9457).',
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    },
  }
}

const CONTENT_RANGE: DocumentPart = {
  in: 'header',
  name: 'Content-Range',
  required: true,
  schema: { type: 'string', pattern: '^bytes [0-9]+-[0-9]+/[0-9]+$' },
}

function security(session: 'optional' | 'required'): readonly DocumentPart[] {
  return [{ bearer: [] }, { cookie: [] }, ...(session === 'optional' ? [{}] : [])]
}

/** `{id}` is an act's, or a mailbox's below `/api/mailboxes/`. */
function pathSchema(path: string, name: string): DocumentPart {
  const schema =
    name === 'id' ? (path.startsWith('/api/mailboxes/') ? mailbox : hash) : PATH_SCHEMAS[name]
  if (schema === undefined) throw new Error(`the path parameter ${name} has no schema`)
  return toSchema(schema)
}

function response(answer: AnswerBody): DocumentPart {
  if (answer === undefined) return { description: 'Done.' }
  const content =
    'schema' in answer
      ? { 'application/json': { schema: ref(answer.schema) } }
      : { [answer.media]: {} }
  return { description: 'Done.', content }
}

function requestContent(body: RequestBody): DocumentPart {
  switch (body) {
    case 'bundle':
      return { 'application/x-ndjson': {} }
    case 'certificate':
    case 'signature':
      return {
        'text/plain': {
          schema: { type: 'string', description: 'One armored block and nothing around it.' },
        },
      }
    case 'template-text':
      return { 'application/json': {} }
    case 'check-chunk':
    case 'message':
      return { 'application/octet-stream': {} }
    case 'sealed-act':
      return {
        'multipart/form-data': { schema: MULTIPART },
        'application/json': { schema: { $ref: '#/components/schemas/SealedAct' } },
      }
  }
}

/** The exact bytes count, so the act is a part of its own. */
const MULTIPART: DocumentPart = {
  type: 'object',
  properties: {
    act: {
      type: 'string',
      contentMediaType: 'application/json',
      contentSchema: { $ref: '#/components/schemas/Payload' },
    },
    signature: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 64 },
  },
  required: ['act', 'signature'],
}

function ref(name: AnswerName): DocumentPart {
  return { $ref: `#/components/schemas/${name}` }
}

function schemas(): DocumentPart {
  const types = Object.keys(ACT_RULES).filter(isActType)
  const acts = types.map((type): [string, DocumentPart] => [type, payloadSchema(type)])
  const mapping = Object.fromEntries(types.map((type) => [type, `#/components/schemas/${type}`]))
  return {
    ...Object.fromEntries(
      Object.entries(ANSWER_SCHEMAS).map(([name, schema]) => [name, toSchema(schema)]),
    ),
    SealedAct: toSchema(SealedActSchema),
    Payload: {
      oneOf: types.map((type) => ({ $ref: `#/components/schemas/${type}` })),
      discriminator: { propertyName: 'type', mapping },
    },
    ...Object.fromEntries(acts),
  }
}

function payloadSchema(type: ActType): DocumentPart {
  const authors = AuthorSchema.options.filter((option) =>
    ACT_RULES[type].by.some((kind) => Object.hasOwn(option.shape, kind)),
  )
  return toSchema(
    z.strictObject({
      ...EnvelopeSchema.shape,
      body: BODY_SCHEMAS[type],
      by: z.union(authors),
      type: z.literal(type),
      v: z.literal(1),
    }),
  )
}

function toSchema(schema: z.ZodType): DocumentPart {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    io: 'input',
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what zod makes is JSON, which its own type does not say
  return rest as unknown as DocumentPart
}
