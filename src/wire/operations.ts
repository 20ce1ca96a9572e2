import type { AnswerName } from './answers.ts'

/** An answer: a schema of `answers.ts`, a media type for anything else, or nothing at all. */
export type AnswerBody = { readonly schema: AnswerName } | { readonly media: string } | undefined

/** What a request carries. */
export type RequestBody =
  | 'bundle'
  | 'certificate'
  | 'check-chunk'
  | 'message'
  | 'sealed-act'
  | 'signature'
  | 'template-text'

/** A parameter in the query. */
export type QueryName =
  | 'after'
  | 'afterAct'
  | 'afterMailbox'
  | 'chain'
  | 'cookie'
  | 'count'
  | 'identifiable'
  | 'l'
  | 'purpose'
  | 'status'

/** One endpoint. */
export interface Operation {
  readonly method: 'get' | 'head' | 'post' | 'put'
  /** Path parameters in braces; `{path}` is the rest of the path, slashes included. */
  readonly path: string
  readonly summary: string
  readonly query?: readonly QueryName[]
  readonly body?: RequestBody
  /** By status; every operation may also answer a problem. */
  readonly answers: Readonly<Record<number, AnswerBody>>
  /** `required`: a bearer token or the cookie. `optional`: with one, more can be read. */
  readonly session?: 'optional' | 'required'
}

const armored = { media: 'text/plain' } as const
const bytes = { media: 'application/octet-stream' } as const
const json = { media: 'application/json' } as const
const page = { media: 'text/html' } as const
const text = { media: 'text/plain' } as const
const certificate = { media: 'application/pgp-keys' } as const

/** Every endpoint of the server, in the order of their paths. */
export const OPERATIONS: readonly Operation[] = [
  { method: 'get', path: '/', summary: 'What this is.', answers: { 200: page } },
  {
    method: 'get',
    path: '/.well-known/openpgpkey/hu/{hash}',
    summary: 'Web Key Directory, direct form: the certificate of the service.',
    query: ['l'],
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/.well-known/openpgpkey/policy',
    summary: 'Web Key Directory: the policy file of the direct form.',
    answers: { 200: text },
  },
  {
    method: 'get',
    path: '/.well-known/openpgpkey/{domain}/hu/{hash}',
    summary: 'Web Key Directory, advanced form: the certificate of the service.',
    query: ['l'],
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/.well-known/openpgpkey/{domain}/policy',
    summary: 'Web Key Directory: the policy file of the advanced form.',
    answers: { 200: text },
  },
  {
    method: 'get',
    path: '/.well-known/security.txt',
    summary: 'Where to report a weakness (RFC 9116).',
    answers: { 200: text },
  },
  {
    method: 'get',
    path: '/api/acts',
    summary: 'Acts that wait for signatures, as far as the reader may see them.',
    query: ['status', 'afterAct'],
    session: 'optional',
    answers: { 200: { schema: 'PendingActs' } },
  },
  {
    method: 'post',
    path: '/api/acts',
    summary: 'Submits a signed act. The same bytes again answer 200 with where they stand.',
    body: 'sealed-act',
    answers: { 200: { schema: 'Submitted' }, 201: { schema: 'Submitted' } },
  },
  {
    method: 'get',
    path: '/api/acts/{id}',
    summary: 'An act with its signatures.',
    session: 'optional',
    answers: { 200: { schema: 'Act' } },
  },
  {
    method: 'get',
    path: '/api/acts/{id}/acknowledgements',
    summary: 'Which mailbox lines of the own notice were read, and on which day.',
    query: ['afterMailbox'],
    session: 'required',
    answers: { 200: { schema: 'Acknowledgements' } },
  },
  {
    method: 'get',
    path: '/api/acts/{id}/receipt',
    summary: 'The receipt of an act: 404 `receipt-not-logged` while its record waits for the log.',
    query: ['chain'],
    session: 'optional',
    answers: { 200: { schema: 'Receipt' } },
  },
  {
    method: 'post',
    path: '/api/acts/{id}/signatures',
    summary: 'Adds a signature over the same bytes.',
    body: 'signature',
    answers: { 200: { schema: 'Submitted' }, 201: { schema: 'Submitted' } },
  },
  {
    method: 'get',
    path: '/api/briefs/{sha256}',
    summary: 'A brief, to the party that uploaded it and those it is encrypted to.',
    session: 'required',
    answers: { 200: bytes },
  },
  {
    method: 'put',
    path: '/api/briefs/{sha256}',
    summary: 'Keeps an OpenPGP message for the parties of a campaign.',
    body: 'message',
    session: 'required',
    answers: { 201: { schema: 'BriefKept' } },
  },
  {
    method: 'get',
    path: '/api/bundles/{root}',
    summary: 'How many bytes of a bundle are held of the own party.',
    session: 'required',
    answers: { 200: { schema: 'Held' } },
  },
  {
    method: 'head',
    path: '/api/bundles/{root}',
    summary: 'The same in the header Upload-Offset alone.',
    session: 'required',
    answers: { 200: undefined },
  },
  {
    method: 'put',
    path: '/api/bundles/{root}',
    summary:
      'Takes one chunk of a bundle: at most 8 MiB, ends at a line end, its place in Content-Range. 201 when the bundle is complete.',
    query: ['count'],
    body: 'bundle',
    session: 'required',
    answers: { 201: { schema: 'Held' }, 202: { schema: 'Held' } },
  },
  {
    method: 'get',
    path: '/api/bundles/{root}/lines/{index}',
    summary: 'A line of a filed bundle and its Merkle path.',
    session: 'required',
    answers: { 200: { schema: 'BundleLine' } },
  },
  {
    method: 'post',
    path: '/api/challenges',
    summary: 'Encrypts a challenge to a certificate that is to be enrolled.',
    query: ['purpose', 'identifiable'],
    body: 'certificate',
    answers: { 200: armored },
  },
  {
    method: 'get',
    path: '/api/checks',
    summary: 'The lists of check codes in force, of every party that publishes one, with receipts.',
    answers: { 200: { schema: 'CheckIndex' } },
  },
  {
    method: 'put',
    path: '/api/checks/chunks/{sha256}',
    summary: 'Keeps a chunk of a list, up to 128 parts of 32 KiB, for a check.publish to name.',
    body: 'check-chunk',
    session: 'required',
    answers: { 201: { schema: 'BriefKept' } },
  },
  {
    method: 'get',
    path: '/api/checks/lists/{act}',
    summary:
      'A whole list as one file: its receipt with the governance chain as a line of JSON, then its parts.',
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/api/checks/lists/{act}/parts/{index}',
    summary: 'A part of a list, 32 KiB, and behind it the hashes of its Merkle path.',
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/api/directory',
    summary: 'The governance chain.',
    query: ['after'],
    answers: { 200: { schema: 'Directory' } },
  },
  {
    method: 'get',
    path: '/api/fakes',
    summary: 'Known forgeries, as parties have published them, and how often they were reported.',
    answers: { 200: { schema: 'Fakes' } },
  },
  {
    method: 'get',
    path: '/api/fakes/reports',
    summary: 'Reports of forgeries to the own party, of the last 30 days.',
    session: 'required',
    answers: { 200: { schema: 'FakeReports' } },
  },
  {
    method: 'post',
    path: '/api/fakes/reports',
    summary:
      'Hands a party a report of a forgery: an OpenPGP message of up to 64 KiB to its officers.',
    body: 'message',
    answers: { 202: undefined },
  },
  {
    method: 'get',
    path: '/api/fakes/reports/{report}',
    summary: 'A report to the own party.',
    session: 'required',
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/api/limits',
    summary:
      'How much anybody may ask for, as this server enforces it: budgets, requests under way, quotas.',
    answers: { 200: { schema: 'Limits' } },
  },
  {
    method: 'get',
    path: '/api/mailboxes/{id}',
    summary: 'Certificate, salt and chain of a mailbox, to its owner and its filers.',
    session: 'required',
    answers: { 200: { schema: 'Mailbox' } },
  },
  {
    method: 'get',
    path: '/api/mailboxes/{id}/lines',
    summary: 'The lines of the own mailbox, in a list that the service signs.',
    session: 'required',
    answers: { 200: { schema: 'LineList' } },
  },
  { method: 'get', path: '/api/openapi.json', summary: 'This document.', answers: { 200: json } },
  {
    method: 'post',
    path: '/api/session',
    summary: 'Opens a session for who signed a `session.open` over the nonce.',
    query: ['cookie'],
    body: 'sealed-act',
    answers: { 200: { schema: 'Session' }, 204: undefined },
  },
  {
    method: 'get',
    path: '/api/session/nonce',
    summary: 'A nonce for `session.open`, good for five minutes.',
    answers: { 200: { schema: 'Nonce' } },
  },
  {
    method: 'put',
    path: '/api/templates/{sha256}',
    summary: 'Keeps a template text, in canonical JSON, for a template.adopt to name by its hash.',
    body: 'template-text',
    session: 'required',
    answers: { 201: { schema: 'BriefKept' } },
  },
  {
    method: 'get',
    path: '/api/templates/{sha256}',
    summary: 'A template manifest or text, as canonical JSON, by its hash.',
    answers: { 200: json },
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'The process is up.',
    answers: { 200: { schema: 'Health' } },
  },
  {
    method: 'get',
    path: '/keys/index.json',
    summary: 'Every certificate of the directory, and where it is.',
    answers: { 200: { schema: 'KeyIndex' } },
  },
  {
    method: 'get',
    path: '/keys/service.asc',
    summary: 'The certificate of the service.',
    answers: { 200: certificate },
  },
  {
    method: 'get',
    path: '/keys/{domain}/{file}',
    summary: 'The certificate of an officer: its fingerprint and `.asc`.',
    answers: { 200: certificate },
  },
  {
    method: 'get',
    path: '/log/addenda.v1',
    summary: 'Every entry of the log ends as C2SP tlog-addenda says.',
    answers: { 200: text },
  },
  {
    method: 'get',
    path: '/log/addenda/{s0}/{s1}/{sha256}',
    summary: 'Salt and record of a public log entry.',
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/log/checkpoint',
    summary: 'The newest signed checkpoint (C2SP tlog-checkpoint).',
    answers: { 200: text },
  },
  {
    method: 'get',
    path: '/log/tile/{path}',
    summary: 'A tile of hashes or entries (C2SP tlog-tiles), also partial.',
    answers: { 200: bytes },
  },
  {
    method: 'get',
    path: '/problems/{reason}',
    summary: 'What a problem means.',
    answers: { 200: page },
  },
  {
    method: 'get',
    path: '/readyz',
    summary:
      'Storage answers, the directory is loaded and the log is signed; else 503, which names the part.',
    answers: { 200: { schema: 'Readiness' } },
  },
]
