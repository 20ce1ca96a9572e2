import { fetchApproval, type OpenedApproval } from '#client/approval.ts'
import type { Api } from '#client/http.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type ApprovalFile, parseApproval } from '#wire/approval.ts'
import { readJson } from './files.ts'
import type { Call } from './output.ts'

/** An approval as its file opens it, and where its act stands. */
export interface FoundApproval {
  readonly file: ApprovalFile
  readonly opened: OpenedApproval
  readonly status: string
}

/** The approval that `--approval` names; `undefined` without that option. Refuses as `findApproval`, and `approval-ended` where it is not in effect. */
export async function namedApproval(
  call: Call,
  api: Api,
): Promise<Result<OpenedApproval | undefined>> {
  const path = call.args.maybe('approval')
  if (path === undefined) return accept(undefined)
  const found = await findApproval(call, api, path)
  if (!found.ok) return found
  return found.value.status === 'effective'
    ? accept(found.value.opened)
    : refuse('approval-ended', `the approval is ${found.value.status}`)
}

/** Reads the file of an approval and holds it against the act. Refuses `approval-exceeded`, `approval-unknown`. */
export async function findApproval(
  call: Call,
  api: Api,
  path: string,
): Promise<Result<FoundApproval>> {
  const file = parseApproval(await readJson(call, path))
  if (!file.ok) return file
  const found = await fetchApproval(api, file.value)
  return found.ok ? accept({ file: file.value, ...found.value }) : found
}
