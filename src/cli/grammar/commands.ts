import { AGENT_COMMANDS } from './agent.ts'
import { CAMPAIGN_COMMANDS } from './campaign.ts'
import { CHECK_COMMANDS } from './check.ts'
import { DEMO_COMMANDS } from './demo.ts'
import { DESK_COMMANDS } from './desk.ts'
import { DIRECTORY_COMMANDS } from './directory.ts'
import { KEY_COMMANDS } from './key.ts'
import { LOG_COMMANDS } from './log.ts'
import { MAILBOX_COMMANDS } from './mailbox.ts'
import { NOTICE_COMMANDS } from './notice.ts'
import { PARTY_COMMANDS } from './party.ts'
import { RECEIPT_COMMANDS } from './receipt.ts'
import { SERVER_COMMANDS } from './server.ts'
import { RELAY_COMMANDS } from './relay.ts'
import type { CommandSpec } from './spec.ts'
import { UPKEEP_COMMANDS } from './upkeep.ts'
import { WITNESS_COMMANDS } from './witness.ts'

/** Every command, in the order in which a newcomer meets them. */
export const COMMANDS: readonly CommandSpec[] = [
  ...SERVER_COMMANDS,
  ...UPKEEP_COMMANDS,
  ...DEMO_COMMANDS,
  ...KEY_COMMANDS,
  ...DIRECTORY_COMMANDS,
  ...PARTY_COMMANDS,
  ...CAMPAIGN_COMMANDS,
  ...NOTICE_COMMANDS,
  ...AGENT_COMMANDS,
  ...DESK_COMMANDS,
  ...RELAY_COMMANDS,
  ...MAILBOX_COMMANDS,
  ...CHECK_COMMANDS,
  ...RECEIPT_COMMANDS,
  ...LOG_COMMANDS,
  ...WITNESS_COMMANDS,
]
