import { base64, fromBase64, fromHex, hex } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { formatNote, formatVkey, KEY_TYPE_ED25519, signNote, verifierOf } from '#core/log/note.ts'
import { checkSignable, NOTHING_SIGNED, type SignerMemory } from '#core/log/signer-memory.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { LogSigner, TreeHead } from '#ports/log-signer.ts'
import { Unavailable } from '#ports/storage.ts'

/** How often the memory may move on between reading it and signing. */
const ATTEMPTS_MAX = 5
const MEMORY_KEY = 'memory'

/** The key of a log. */
export interface LogKey {
  readonly origin: string
  readonly seed: Uint8Array
}

/** What is used of a Durable Object's storage: strongly consistent, and durable before an answer leaves the object. */
export interface ObjectStorage {
  get(key: string): Promise<unknown>
  put(key: string, value: string): Promise<void>
}

/** How the Worker reaches the one object that remembers. */
export type ObjectFetch = (path: '/memory' | '/sign', body: string) => Promise<string>

interface SignRequest {
  readonly size: number
  readonly root: string
  readonly oldSize: number
  readonly path: readonly string[]
}

/**
 * The signer of a Worker: its memory is a Durable Object, outside D1, so that a restored database cannot fork the log.
 *
 * @throws Unavailable (from `sign`) when the object cannot be reached or keeps moving on.
 */
export function openDurableSigner(key: LogKey, fetchObject: ObjectFetch): LogSigner {
  return {
    vkey: formatVkey(verifierOf({ name: key.origin, seed: key.seed }, KEY_TYPE_ED25519)),
    sign: async (head, prove) => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const oldSize = Number(await fetchObject('/memory', ''))
        if (oldSize > head.size) return refuse('checkpoint-older')
        const path = (await prove(oldSize)).map(base64)
        const request: SignRequest = { size: head.size, root: hex(head.root), oldSize, path }
        const answer = await fetchObject('/sign', JSON.stringify(request))
        if (answer === 'moved') continue
        return answer === 'checkpoint-older' || answer === 'checkpoint-inconsistent'
          ? refuse(answer)
          : accept(answer)
      }
      throw new Unavailable('the signer keeps moving on')
    },
  }
}

/** What the Durable Object answers: the size it has signed, or a note, or why there is none. */
export async function answerInObject(
  storage: ObjectStorage,
  key: LogKey,
  request: { path: string; body: string },
): Promise<string> {
  const memory = readMemory(await storage.get(MEMORY_KEY))
  if (request.path === '/memory') return String(memory.size)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sent by openDurableSigner above, never by the network
  const { oldSize, path, root, size } = JSON.parse(request.body) as SignRequest
  if (oldSize !== memory.size) return 'moved'
  const head: TreeHead = { size, root: fromHex(root) ?? new Uint8Array() }
  const signable: Result<void> = checkSignable(
    memory,
    head,
    path.map((node) => fromBase64(node) ?? new Uint8Array()),
  )
  if (!signable.ok) return signable.refusal.reason
  await storage.put(MEMORY_KEY, `${String(size)} ${root}`)
  const text = formatCheckpoint({ origin: key.origin, size, root: head.root })
  return formatNote({ text, signatures: [signNote(text, { name: key.origin, seed: key.seed })] })
}

function readMemory(stored: unknown): SignerMemory {
  if (stored === undefined) return NOTHING_SIGNED
  const [size, root] = typeof stored === 'string' ? stored.split(' ') : []
  const bytes = fromHex(root ?? '')
  if (size === undefined || bytes?.length !== 32)
    throw new Error('the memory of the log signer cannot be read')
  return { size: Number(size), root: bytes }
}
