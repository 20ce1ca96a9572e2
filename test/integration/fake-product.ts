import { randomUUID } from 'node:crypto'
import type { AgentClient } from '#client/agent.ts'
import type { ProductFile } from '#wire/product.ts'

/** A signed-in user's page. */
export interface Page {
  readonly html: string
  /** The button "I have read this". */
  putAway(): Promise<void>
  /** The link "prove it": a file that the user saves and checks with any client. */
  saveProof(): Promise<ProductFile | null>
}

/** A small product with accounts, sign-in and a banner: what your own product would do. */
export interface FakeProduct {
  readonly accounts: readonly string[]
  /** Whoever signs in anew gets a new session. */
  signIn(account: string): Promise<Page>
}

/** Opens the product. It knows the agent, and nothing of keys, logs or receipts. */
export function openFakeProduct(
  agent: AgentClient,
  accounts: readonly string[],
  now: () => number,
): FakeProduct {
  return {
    accounts,
    signIn: async (account) => {
      // Two things are the agent's to know about a session: what it is called, and when its user last showed a password or key.
      const session = { session: randomUUID(), authenticatedAt: now() }
      const banner = await agent.banner(account, session)
      const piece = await agent.bannerHtml(account, session)
      const told = { session: session.session, authenticated_at: session.authenticatedAt }
      if (banner !== null && !banner.dismissed)
        await agent.tell(account, { notice: banner.notice, action: 'shown', ...told })
      return {
        html: `<!doctype html><title>Example mail</title>${piece}<main>Your inbox</main>`,
        putAway: async () => {
          if (banner !== null)
            await agent.tell(account, { notice: banner.notice, action: 'dismissed', ...told })
        },
        saveProof: async () => await agent.proof(account),
      }
    },
  }
}
