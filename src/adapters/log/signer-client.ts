import { base64, fromHex, hex } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { parseVkey } from '#core/log/note.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { LogSigner, SignableHead, SignerState } from '#ports/log-signer.ts'
import { Unavailable } from '#ports/storage.ts'
import { refusalIn } from './signer-desk.ts'

/** How often other processes may sign between this one's proof and its request. */
const ATTEMPTS_MAX = 8

/** Carries a request to a signer: a call in this process, a Durable Object, a socket. @throws Unavailable */
export type SendToSigner = (
  path: '/memory' | '/sign',
  body: string,
) => Promise<{ readonly status: number; readonly body: string }>

/** The port of a signer, wherever it is; `answerSigner` is the other end. */
export function openSignerClient(send: SendToSigner): LogSigner {
  // What it signed last as far as is known here: wrong where others have it sign too, and then it says so.
  let known = 0
  return {
    state: async () => {
      const state = readState(await send('/memory', ''))
      known = state.size
      return state
    },
    sign: async (head, prove) => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (known > head.size) return refuse('checkpoint-older')
        const answer = await send('/sign', requestFor(head, known, await prove(known)))
        if (answer.status === 409) known = readSize(answer.body)
        else {
          const signed = readNote(answer, head)
          if (signed.ok) known = head.size
          return signed
        }
      }
      throw new Unavailable('the log signer keeps moving on')
    },
  }
}

function requestFor(
  { root, size, vkey }: SignableHead,
  oldSize: number,
  proof: readonly Uint8Array[],
): string {
  return JSON.stringify({ oldSize, proof: proof.map(base64), root: hex(root), size, vkey })
}

/** The note must be of the tree that was asked for; whether its signature holds is for every reader to check. */
function readNote(
  answer: { readonly status: number; readonly body: string },
  { root, size, vkey }: SignableHead,
): Result<string> {
  const { body, status } = answer
  const reason = refusalIn(answer)
  if (reason !== undefined) return refuse(reason)
  const key = parseVkey(vkey)
  const isOurs =
    status === 200 &&
    key.ok &&
    body.startsWith(`${formatCheckpoint({ origin: key.value.name, size, root })}\n`)
  if (!isOurs) throw new Unavailable(`the log signer answered ${String(status)}`)
  return accept(body)
}

function readSize(body: string): number {
  const size = /^(0|[1-9][0-9]{0,15})\n$/.exec(body)?.[1]
  if (size === undefined) throw new Unavailable('the log signer answered no size')
  return Number(size)
}

function readState({ body, status }: { status: number; body: string }): SignerState {
  if (status !== 200) throw new Unavailable(`the log signer answered ${String(status)}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is checked below
  const { root, size, vkeys } = JSON.parse(body) as Record<string, unknown>
  const bytes = typeof root === 'string' ? fromHex(root) : undefined
  const isState = typeof size === 'number' && bytes?.length === 32 && Array.isArray(vkeys)
  if (!isState) throw new Unavailable('the log signer answered no state')
  return { size, root: bytes, vkeys: vkeys.filter((vkey) => typeof vkey === 'string') }
}
