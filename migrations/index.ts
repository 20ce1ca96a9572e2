import { initial } from './0001-foundation.ts'
import { cosignedCheckpoints } from './0002-cosigned-checkpoints.ts'
import type { Migration } from './migration.ts'

export type { Dialect, Migration } from './migration.ts'

/** Every migration in order: a list and not a folder, because a bundle and a Worker have no folder to read. */
export const migrations: readonly Migration[] = [initial, cosignedCheckpoints]
