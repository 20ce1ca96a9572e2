import type { PreparedBundle } from '#agent/filing/prepare-bundle.ts'
import { faultLines, lackingLines } from '#agent/filing/fault-lines.ts'
import type { SubmittedAct } from '#client/http.ts'
import { describeSubmitted } from './describe.ts'
import type { Output } from './output.ts'

const LOST = {
  mailbox: 'told in your product alone, not in the mailbox',
  notice: 'NOT TOLD',
} as const

/** What came of a filing, for who filed. `prepared` is absent where an earlier run prepared it. */
export function describeFiled(filed: {
  readonly submitted: SubmittedAct
  readonly prepared?: PreparedBundle | undefined
  /** The folder of the product files, and how many of them have a receipt. */
  readonly folder: string
  readonly proven: number
}): Output {
  const { folder, prepared, proven, submitted } = filed
  const lines = [
    ...(prepared === undefined ? [] : [`told    ${String(prepared.told)} customers`]),
    ...(prepared === undefined || prepared.resumed === 0
      ? []
      : [`resumed ${String(prepared.resumed)} of them were composed before`]),
    ...faultLines({ faults: prepared?.leftOut ?? [], count: prepared?.leftOutCount ?? 0 }).map(
      (line) => `careful ${line}: NOT TOLD`,
    ),
    ...lackingLines(prepared?.lacking ?? {}).map((line) => `careful ${line}`),
    ...(prepared?.undeliverable ?? []).map(
      ({ line, lost, refusal }) =>
        `careful line ${String(line)}: ${LOST[lost]} (${refusal.reason})`,
    ),
    `files   ${folder}${proven === 0 ? ', without a receipt yet' : ''}`,
  ]
  const { missing, status, id } = submitted
  const hint = proven > 0 ? [] : [`later   dunant notice status ${id} --files ${folder}`]
  const described = describeSubmitted(submitted, lines)
  return {
    ...described,
    text: [described.text, ...hint].join('\n'),
    value: {
      id,
      status,
      missing,
      told: prepared?.told ?? null,
      resumed: prepared?.resumed ?? 0,
      left_out: prepared?.leftOutCount ?? 0,
      other_language: prepared?.lacking ?? {},
      undeliverable: prepared?.undeliverable ?? [],
      files: folder,
      with_receipt: proven,
    },
  }
}
