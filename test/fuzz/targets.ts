import { closeHttp, HTTP_TARGETS } from './targets/http.ts'
import type { Target } from './engine.ts'
import { LOG_TARGETS } from './targets/log.ts'
import { MERKLE_TARGETS } from './targets/merkle.ts'
import { OPENPGP_TARGETS } from './targets/openpgp.ts'
import { RECEIPT_TARGETS } from './targets/receipt.ts'
import { TEXT_TARGETS } from './targets/text.ts'

/** Every parser that reads what others wrote. */
export const TARGETS: readonly Target[] = [
  ...TEXT_TARGETS,
  ...LOG_TARGETS,
  ...MERKLE_TARGETS,
  ...OPENPGP_TARGETS,
  ...RECEIPT_TARGETS,
  ...HTTP_TARGETS,
]

/** Ends what targets have opened. */
export async function closeTargets(): Promise<void> {
  await closeHttp()
}
