import { LEFT_OUT_REASONS, type LeftOutReason } from '#agent/filing/earlier-recipients.ts'
import { FileError } from '#agent/file-error.ts'
import { hasWork, removeWork } from '#agent/filing/journal.ts'
import type { ProductFolder } from '#agent/filing/product-files.ts'
import { type JointTerms, NOTICE_KINDS, type NoticeKind } from '#core/act-bodies.ts'
import { formatInstant } from '#core/time.ts'
import type { Call } from './output.ts'
import { UsageError } from './usage-error.ts'

const JOINT_HOURS_MAX = 24

/** @throws UsageError where the options for following an earlier notice do not go with the kind. */
export function checkSupersedes({ args }: Call, kind: NoticeKind): void {
  if ((args.maybe('supersedes') === undefined) !== (kind === 'first'))
    throw new UsageError('--supersedes goes with every --kind but first')
  if (kind !== 'first' && args.maybe('supersedes-files') === undefined) {
    throw new UsageError(
      '--supersedes-files is missing: each customer is told which notice this one follows',
    )
  }
}

/** The kind that an option names. @throws UsageError for another. */
export function readKind(named: string): NoticeKind {
  const kind = NOTICE_KINDS.find((known) => known === named)
  if (kind === undefined) throw new UsageError(`--kind is one of ${NOTICE_KINDS.join(', ')}`)
  return kind
}

/** What a joint notice waits for; `undefined` for one that waits for nothing. @throws UsageError for numbers out of range. */
export function readJoint({ args }: Call, now: number): JointTerms | undefined {
  const required = args.count('joint-required')
  const hours = args.count('joint-hours') ?? JOINT_HOURS_MAX
  if (required === undefined) return undefined
  if (required < 1) throw new UsageError('--joint-required is at least 1')
  if (hours < 1 || hours > JOINT_HOURS_MAX)
    throw new UsageError(`--joint-hours is 1 to ${String(JOINT_HOURS_MAX)}`)
  return { required, until: formatInstant(now + hours * 3600) }
}

/**
 * Tells how a folder stands: nothing is in it, a filing that broke off while it was prepared, or one whose act was signed and only has to be sent.
 *
 * With `--start-over` what was prepared is thrown away, never a signed act: that takes asking the server. @throws FileError for a folder that is
 * no place for this filing.
 */
export function checkFolder({ args }: Call, folder: ProductFolder): 'new' | 'prepared' | 'signed' {
  const { path } = folder
  const kept = folder.readFiling()
  const isUnderWay = hasWork(path)
  if (args.flag('resume') && args.flag('start-over'))
    throw new UsageError('--resume goes on and --start-over throws away: give one of them')
  if (kept !== undefined && (isUnderWay || args.flag('resume'))) return 'signed'
  if (kept !== undefined) {
    throw new FileError(
      `${path} is of the notice ${kept.id}, which was filed; see: dunant notice status ${kept.id} --files ${path}`,
    )
  }
  if (isUnderWay && args.flag('start-over')) {
    removeWork(path)
    folder.clear('all')
    return 'new'
  }
  if (isUnderWay) return 'prepared'
  if (args.flag('resume'))
    throw new UsageError(`${path} holds no filing to go on with; file again without --resume`)
  if (!folder.isEmpty()) throw new FileError(`${path} is not empty; give a new folder`)
  return 'new'
}

/** Why some who got the earlier notice are left out. @throws UsageError for another reason than those of the list. */
export function readLeftOut({ args }: Call): LeftOutReason | undefined {
  const named = args.maybe('left-out')
  const reason = LEFT_OUT_REASONS.find((known) => known === named)
  if (named !== undefined && reason === undefined)
    throw new UsageError(`--left-out is one of ${LEFT_OUT_REASONS.join(', ')}`)
  return reason
}
