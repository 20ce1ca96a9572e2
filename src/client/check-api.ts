import { sha256Hex } from '#core/hash.ts'
import type { CheckKeying } from '#core/check-list.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, type Result } from '#core/result.ts'
import { CheckIndexSchema } from '#wire/check-list.ts'
import { get, json } from './calls.ts'
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

/** The endpoints of lists of check codes. None of those that read takes a session, or says who reads. */
export interface CheckApi {
  /** Answers with the hash under which the chunk is kept. */
  uploadCheckChunk(bytes: Uint8Array): Promise<Result<string>>
  readCheckIndex(): Promise<Result<readonly ServedCheckList[]>>
  /** A part and its Merkle path, one behind the other. */
  readCheckPart(part: { readonly act: string; readonly index: number }): Promise<Result<Uint8Array>>
  /** A whole list as a file. */
  readCheckFile(act: string): Promise<Result<Uint8Array>>
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
    readCheckFile: async (act) =>
      await bytes(`/api/checks/lists/${encodeURIComponent(act)}`, LIST_BYTES_MAX),
  }
}
