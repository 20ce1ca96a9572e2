import type { AgentStore } from '#ports/agent-store.ts'
import { type AgentDatabase, openAgentDatabase } from './agent-database.ts'
import { deliveryStore } from './agent-deliveries.ts'
import { noticeStore } from './agent-notices.ts'
import { outwardStore } from './agent-outward.ts'
import { recipientStore } from './agent-recipients.ts'

/** A store and the database under it, for other stores that share it. */
export interface OpenAgentStore {
  readonly store: AgentStore
  readonly database: AgentDatabase
}

/** Opens what an agent remembers, in one SQLite file. @throws as `openAgentDatabase`. */
export async function openAgentStore(path: string): Promise<OpenAgentStore> {
  const database = await openAgentDatabase(path)
  const store = {
    ...noticeStore(database),
    ...recipientStore(database),
    ...deliveryStore(database),
    ...outwardStore(database),
    close: async () => {
      await database.engine.close()
    },
  }
  return { store, database }
}
