import { base64 } from '#core/bytes.ts'
import type { ChallengePurpose } from '#core/challenge.ts'
import { canonicalJson, type Json } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { type EntryTile, type HashTile, tilePath } from '#core/log/tile.ts'
import { writeArmor } from '#core/packets.ts'
import type { LinePath, MailboxLink, Receipt } from '#core/receipt.ts'
import { accept, type Result } from '#core/result.ts'
import { type TemplateText, textHash } from '#core/template.ts'
import {
  ActSchema,
  BundleLineSchema,
  DirectorySchema,
  HeldSchema,
  LineListSchema,
  MailboxSchema,
  NonceSchema,
  AcknowledgementsSchema,
  PendingActsSchema,
  SessionSchema,
  SubmittedSchema,
} from '#wire/answers.ts'
import { ReceiptSchema } from '#wire/receipt.ts'
import { get, json, JSON_TYPE, jsonOf, post, type Schema, textOf } from './calls.ts'
import { type CheckApi, checkApi } from './check-api.ts'
import {
  type Call,
  openTransport,
  Outage,
  type Reply,
  type Transport,
  type TransportOptions,
} from './transport.ts'

export { Outage, type TransportOptions } from './transport.ts'

/** The exact bytes of an act and the armored signatures over them. */
export interface SealedAct {
  readonly payload: Uint8Array
  readonly signatures: readonly string[]
}

/** What an answer's schema makes of it. */
type Read<S> = S extends Schema<infer T> ? T : never

/** Where an act stands that was submitted or signed. */
export type SubmittedAct = Read<typeof SubmittedSchema>
/** An act as the server shows it; nothing of it is verified. */
export type ServedAct = Read<typeof ActSchema>
/** Acts that wait. */
export type PendingActs = Read<typeof PendingActsSchema>
/** A page of acknowledgements. */
export type Acknowledgements = Read<typeof AcknowledgementsSchema>
/** The governance chain as served; `replayChain` verifies it. */
export type ServedDirectory = Read<typeof DirectorySchema>

/** A mailbox as served; `verifyMailbox` verifies it. */
export interface ServedMailbox {
  readonly id: string
  readonly certificate: string
  readonly salt: string
  readonly links: readonly MailboxLink[]
}

/** A line of a bundle with its path. */
export interface ServedLine extends LinePath {
  /** Without its line feed. */
  readonly line: string
}

/** The lines of a mailbox as served; `verifyLineList` verifies them. */
export interface ServedLineList {
  readonly payload: string
  readonly signature: string
}

/** One piece of a bundle. */
export interface BundleChunk {
  readonly root: string
  /** Lines of the whole bundle. */
  readonly count: number
  /** Bytes before this piece. */
  readonly offset: number
  readonly totalBytes: number
  readonly bytes: Uint8Array
}

/** Every endpoint, typed. Each refuses as the server does and throws `Outage` where there is no proper answer. */
export interface Api extends CheckApi {
  submitAct(sealed: SealedAct): Promise<Result<SubmittedAct>>
  addSignature(act: string, armored: string): Promise<Result<SubmittedAct>>
  readAct(act: string): Promise<Result<ServedAct>>
  /** A page of the acts that wait, continued from `next` of the page before. */
  /** Which mailbox lines of a notice of one's own were read. */
  listAcknowledgements(notice: string, after?: string): Promise<Result<Acknowledgements>>
  listPending(after?: string): Promise<Result<PendingActs>>
  /** Refuses `receipt-not-logged` while the act's record waits for the log. */
  readReceipt(act: string, wish: { readonly withChain: boolean }): Promise<Result<Receipt>>
  /** The governance chain without its first `after` links. */
  readDirectory(after?: number): Promise<Result<ServedDirectory>>
  /** A manifest or text, which must have this hash: checked by `readTemplate`. */
  readTemplatePart(hash: string): Promise<Result<Json>>
  /** Keeps a text for a `template.adopt` to name; answers with its hash. */
  uploadTemplateText(text: TemplateText): Promise<Result<string>>
  uploadChunk(chunk: BundleChunk): Promise<Result<{ readonly held: number }>>
  /** Bytes that the server holds of a bundle. */
  bundleHeld(root: string): Promise<Result<number>>
  readLine(line: { readonly root: string; readonly index: number }): Promise<Result<ServedLine>>
  readMailbox(mailbox: string): Promise<Result<ServedMailbox>>
  readLineList(mailbox: string): Promise<Result<ServedLineList>>
  /** Answers with the hash under which the brief is kept. */
  uploadBrief(message: Uint8Array): Promise<Result<string>>
  /** The bytes have the hash asked for. */
  readBrief(sha256: string): Promise<Result<Uint8Array>>
  /** An armored OpenPGP message to the certificate, for `answerChallenge`. */
  requestChallenge(request: ChallengeRequest): Promise<Result<string>>
  sessionNonce(): Promise<Result<string>>
  openSession(
    sealed: SealedAct,
  ): Promise<Result<{ readonly token: string; readonly expires: number }>>
  /** The newest signed checkpoint, a note. */
  readCheckpoint(): Promise<Result<string>>
  readTile(tile: EntryTile | HashTile): Promise<Result<Uint8Array>>
  /** The addendum of a public record; `not-found` for every other. */
  readAddendum(digest: string): Promise<Result<Uint8Array>>
}

/** Which certificate is to be challenged, and for what. */
export interface ChallengeRequest {
  readonly certificate: Uint8Array
  readonly purpose: ChallengePurpose
  /** A published certificate that names its owner, for the mailbox of an organisation. */
  readonly identifiable?: boolean
}

const MEGABYTE = 1024 * 1024
/** A receipt with a long chain, or the chain itself. */
const CHAIN_BYTES_MAX = 256 * MEGABYTE
const LIST_BYTES_MAX = 32 * MEGABYTE
const SMALL_BYTES_MAX = 64 * 1024

/**
 * Opens the interface of one server. Every answer is checked against its schema, and none is longer than it may be.
 *
 * @throws TypeError for an address that is neither encrypted nor on this machine.
 */
export function openApi(options: TransportOptions): Api {
  const send = openTransport(options)
  return {
    ...actApi(send),
    ...noticeApi(send),
    ...mailboxApi(send),
    ...logApi(send),
    ...checkApi(send),
  }
}

type ActApi = Pick<
  Api,
  | 'addSignature'
  | 'listAcknowledgements'
  | 'listPending'
  | 'openSession'
  | 'readAct'
  | 'readDirectory'
  | 'readReceipt'
  | 'sessionNonce'
  | 'submitAct'
>

/** Acts name themselves by their hash, so that sending one twice is sending it once. */
function actApi(send: Transport): ActApi {
  return {
    submitAct: async (sealed) =>
      await json(send, SubmittedSchema, {
        ...post('/api/acts', sealedBody(sealed)),
        bytesMax: CHAIN_BYTES_MAX,
      }),
    addSignature: async (act, armored) =>
      await json(send, SubmittedSchema, {
        ...post(
          `/api/acts/${encodeURIComponent(act)}/signatures`,
          armored,
          'application/pgp-signature',
        ),
        bytesMax: CHAIN_BYTES_MAX,
      }),
    readAct: async (act) =>
      await json(send, ActSchema, get(`/api/acts/${encodeURIComponent(act)}`)),
    listPending: async (after) =>
      await json(send, PendingActsSchema, {
        ...get(
          `/api/acts?status=pending${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`,
        ),
        bytesMax: LIST_BYTES_MAX,
      }),
    listAcknowledgements: async (notice, after) =>
      await json(send, AcknowledgementsSchema, {
        ...get(
          `/api/acts/${encodeURIComponent(notice)}/acknowledgements${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`,
        ),
        bytesMax: LIST_BYTES_MAX,
      }),
    readReceipt: async (act, { withChain }) =>
      await json(send, ReceiptSchema, {
        ...get(`/api/acts/${encodeURIComponent(act)}/receipt${withChain ? '' : '?chain=none'}`),
        bytesMax: CHAIN_BYTES_MAX,
      }),
    readDirectory: async (after = 0) =>
      await json(send, DirectorySchema, {
        ...get(`/api/directory${after === 0 ? '' : `?after=${String(after)}`}`),
        bytesMax: CHAIN_BYTES_MAX,
      }),
    sessionNonce: async () => {
      const answer = await json(send, NonceSchema, get('/api/session/nonce'))
      return answer.ok ? accept(answer.value.nonce) : answer
    },
    openSession: async (sealed) =>
      await json(send, SessionSchema, {
        ...post('/api/session', sealedBody(sealed)),
        repeatable: false,
      }),
  }
}

type NoticeApi = Pick<
  Api,
  | 'bundleHeld'
  | 'readBrief'
  | 'readLine'
  | 'readTemplatePart'
  | 'uploadBrief'
  | 'uploadChunk'
  | 'uploadTemplateText'
>

function noticeApi(send: Transport): NoticeApi {
  return {
    readTemplatePart: async (hash) => {
      const reply = await send(get(`/api/templates/${encodeURIComponent(hash)}`))
      return reply.ok ? accept(jsonOf(reply.value)) : reply
    },
    uploadTemplateText: async (text) => {
      const hash = textHash(text)
      const body = canonicalJson(text)
      const reply = await send({
        ...get(`/api/templates/${hash}`),
        method: 'PUT',
        body,
        headers: JSON_TYPE,
      })
      return reply.ok ? accept(hash) : reply
    },
    uploadChunk: async (chunk) => await json(send, HeldSchema, chunkCall(chunk)),
    bundleHeld: async (root) => {
      const reply = await send({
        ...get(`/api/bundles/${encodeURIComponent(root)}`),
        method: 'HEAD',
      })
      return reply.ok ? accept(offsetOf(reply.value)) : reply
    },
    readLine: async ({ root, index }) =>
      await json(
        send,
        BundleLineSchema,
        get(`/api/bundles/${encodeURIComponent(root)}/lines/${String(index)}`),
      ),
    uploadBrief: async (message) => {
      const sha256 = sha256Hex(message)
      const reply = await send({
        ...get(`/api/briefs/${sha256}`),
        method: 'PUT',
        body: message,
        headers: { 'content-type': 'application/octet-stream' },
      })
      return reply.ok ? accept(sha256) : reply
    },
    readBrief: async (sha256) => {
      const reply = await send({
        ...get(`/api/briefs/${encodeURIComponent(sha256)}`),
        headers: { accept: '*/*' },
      })
      if (!reply.ok) return reply
      if (sha256Hex(reply.value.bytes) !== sha256) throw new Outage('the brief has another hash')
      return accept(reply.value.bytes)
    },
  }
}

function chunkCall({ root, count, offset, totalBytes, bytes }: BundleChunk): Call {
  const range = `bytes ${String(offset)}-${String(offset + bytes.length - 1)}/${String(totalBytes)}`
  return {
    method: 'PUT',
    path: `/api/bundles/${encodeURIComponent(root)}?count=${String(count)}`,
    headers: { 'content-range': range, 'content-type': 'application/x-ndjson' },
    body: bytes,
    bytesMax: SMALL_BYTES_MAX,
    repeatable: true,
  }
}

function offsetOf({ headers }: Reply): number {
  const text = headers.get('upload-offset') ?? ''
  if (!/^\d{1,15}$/.test(text))
    throw new Outage('the server does not say how much of the bundle it holds')
  return Number(text)
}

type MailboxApi = Pick<Api, 'readLineList' | 'readMailbox' | 'requestChallenge'>

function mailboxApi(send: Transport): MailboxApi {
  return {
    readMailbox: async (mailbox) =>
      await json(send, MailboxSchema, {
        ...get(`/api/mailboxes/${encodeURIComponent(mailbox)}`),
        bytesMax: LIST_BYTES_MAX,
      }),
    readLineList: async (mailbox) =>
      await json(send, LineListSchema, get(`/api/mailboxes/${encodeURIComponent(mailbox)}/lines`)),
    requestChallenge: async ({ certificate, purpose, identifiable }) => {
      const query = `purpose=${purpose}${identifiable === true ? '&identifiable=true' : ''}`
      const armored = writeArmor('PGP PUBLIC KEY BLOCK', certificate)
      const call = post(`/api/challenges?${query}`, armored, 'application/pgp-keys')
      return textOf(await send({ ...call, headers: { ...call.headers, accept: '*/*' } }))
    },
  }
}

type LogApi = Pick<Api, 'readAddendum' | 'readCheckpoint' | 'readTile'>

function logApi(send: Transport): LogApi {
  const bytes = async (path: string): Promise<Result<Uint8Array>> => {
    const reply = await send({ ...get(path), headers: { accept: '*/*' } })
    return reply.ok ? accept(reply.value.bytes) : reply
  }
  return {
    readCheckpoint: async () =>
      textOf(await send({ ...get('/log/checkpoint'), headers: { accept: '*/*' } })),
    readTile: async (tile) => await bytes(`/log/${tilePath(tile)}`),
    readAddendum: async (digest) =>
      await bytes(
        `/log/addenda/${digest.slice(0, 2)}/${digest.slice(2, 4)}/${encodeURIComponent(digest)}`,
      ),
  }
}

function sealedBody({ payload, signatures }: SealedAct): string {
  return JSON.stringify({ payload: base64(payload), signatures })
}
