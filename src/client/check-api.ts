import { sha256Hex } from '#core/hash.ts'
import type { CheckKeying } from '#core/check-list.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, type Result } from '#core/result.ts'
import { FakeReportsSchema, FakesSchema } from '#wire/answers.ts'
import { CheckIndexSchema } from '#wire/check-list.ts'
import { get, json, type Schema } from './calls.ts'
import type { Transport } from './transport.ts'

const INDEX_BYTES_MAX = 64 * 1024 * 1024
const PART_ANSWER_BYTES_MAX = 64 * 1024
/** The longest list and its receipt. */
const LIST_BYTES_MAX = 600 * 1024 * 1024

/** A list as the server names it; `verifyListed` verifies it. */
export interface ServedCheckList {
  readonly act: string
  readonly filer: string
  readonly keyed: CheckKeying
  readonly receipt: Receipt
  readonly release: string
}

/** What an answer's schema makes of it. */
type Read<S> = S extends Schema<infer T> ? T : never
/** Known forgeries, as the server shows them. */
export type ServedFakes = Read<typeof FakesSchema>
/** Reports to a party. */
export type ServedReports = Read<typeof FakeReportsSchema>

/** The endpoints of lists of check codes. None of those that read takes a session, or says who reads. */
export interface CheckApi {
  /** Answers with the hash under which the chunk is kept. */
  uploadCheckChunk(bytes: Uint8Array): Promise<Result<string>>
  readCheckIndex(): Promise<Result<readonly ServedCheckList[]>>
  /** A part and its Merkle path, one behind the other. */
  readCheckPart(part: { readonly act: string; readonly index: number }): Promise<Result<Uint8Array>>
  /** A whole list as a file. */
  readCheckFile(act: string): Promise<Result<Uint8Array>>
  readFakes(): Promise<Result<ServedFakes>>
  /** Hands an OpenPGP message to the parties whose officers can decrypt it. */
  reportFake(message: Uint8Array): Promise<Result<void>>
  listFakeReports(): Promise<Result<ServedReports>>
  readFakeReport(report: string): Promise<Result<Uint8Array>>
}

/** The same over a transport. */
export function checkApi(send: Transport): CheckApi {
  const bytes = async (path: string, bytesMax: number): Promise<Result<Uint8Array>> => {
    const reply = await send({ ...get(path), headers: { accept: '*/*' }, bytesMax })
    return reply.ok ? accept(reply.value.bytes) : reply
  }
  return {
    uploadCheckChunk: async (chunk) => {
      const sha256 = sha256Hex(chunk)
      const reply = await send({
        ...get(`/api/checks/chunks/${sha256}`),
        method: 'PUT',
        body: chunk,
        headers: { 'content-type': 'application/octet-stream' },
      })
      return reply.ok ? accept(sha256) : reply
    },
    readCheckIndex: async () => {
      const index = await json(send, CheckIndexSchema, {
        ...get('/api/checks'),
        bytesMax: INDEX_BYTES_MAX,
      })
      return index.ok ? accept(index.value.lists) : index
    },
    readCheckPart: async ({ act, index }) =>
      await bytes(
        `/api/checks/lists/${encodeURIComponent(act)}/parts/${String(index)}`,
        PART_ANSWER_BYTES_MAX,
      ),
    readFakes: async () =>
      await json(send, FakesSchema, { ...get('/api/fakes'), bytesMax: INDEX_BYTES_MAX }),
    reportFake: async (message) => {
      const call = { ...get('/api/fakes/reports'), method: 'POST', body: message } as const
      const headers = { 'content-type': 'application/octet-stream' }
      const reply = await send({ ...call, headers, repeatable: false })
      return reply.ok ? accept(undefined) : reply
    },
    listFakeReports: async () =>
      await json(send, FakeReportsSchema, {
        ...get('/api/fakes/reports'),
        bytesMax: INDEX_BYTES_MAX,
      }),
    readFakeReport: async (report) =>
      await bytes(`/api/fakes/reports/${encodeURIComponent(report)}`, 2 * PART_ANSWER_BYTES_MAX),
    readCheckFile: async (act) =>
      await bytes(`/api/checks/lists/${encodeURIComponent(act)}`, LIST_BYTES_MAX),
  }
}
