import type { Migration } from '#migrations'
import { agent } from './0001-agent.ts'

/** Every migration of an agent's database in order. */
export const agentMigrations: readonly Migration[] = [agent]
