import { openAgentStore } from '#adapters/storage/agent-store.ts'
import type { AgentStore } from '#ports/agent-store.ts'
import { agentPaths } from './agent-home.ts'

/** Reads what an agent remembers, whether it runs or not. @throws Unavailable where its database cannot be opened. */
export async function readAgentStore<T>(
  home: string,
  read: (store: AgentStore) => Promise<T>,
): Promise<T> {
  const { store } = await openAgentStore(agentPaths(home).database)
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}
