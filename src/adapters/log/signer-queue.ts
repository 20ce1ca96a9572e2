import { Unavailable } from '#ports/storage.ts'
import {
  answerSigner,
  type SignerAnswer,
  type SignerDesk,
  type SignerRequest,
} from './signer-desk.ts'

/** Requests that wait at one time; each server process has one under way. */
export const WAITING_MAX = 64

/** Answers a request, whoever else asks at the same time. */
export type AnswerSigner = (request: SignerRequest) => Promise<SignerAnswer>

const BUSY: SignerAnswer = { status: 503, type: 'text/plain; charset=utf-8', body: 'unavailable\n' }

/**
 * Answers one request after the other, and with 503 where too many wait or the memory cannot be written: then nothing was signed.
 *
 * @param heard hears every answer that the desk gave
 */
export function answerInTurn(
  desk: SignerDesk,
  heard?: (answer: SignerAnswer) => void,
): AnswerSigner {
  let waiting = 0
  let queue: Promise<unknown> = Promise.resolve()
  return async (request) => {
    if (waiting >= WAITING_MAX) return BUSY
    waiting += 1
    const answer = queue.then(async () => await answerSigner(desk, request))
    queue = answer.catch(() => undefined)
    try {
      const found = await answer
      heard?.(found)
      return found
    } catch (error) {
      if (error instanceof Unavailable) return BUSY
      throw error
    } finally {
      waiting -= 1
    }
  }
}
