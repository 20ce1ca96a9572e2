/** The tables of an agent's database, as Kysely types the queries over them. `migrations/agent/` makes them. */
export interface AgentTables {
  readonly notice: {
    name: string
    matter: string
    phase: string
    version: number
    state: string
    sealed: string
  }
  readonly event: {
    event_tag: string
    notice: string
    reference: string
    digest_tag: string
    sealed: string
  }
  readonly recipient: {
    reference: string
    notice: string
    account_tag: string
    mailbox_tag: string | null
    version: number
    sealed: string
    line: number | null
    line_index: number | null
    batch: number | null
  }
  readonly product: { reference: string; notice: string; sealed: string }
  readonly delivery: {
    reference: string
    state: string
    notice: string
    reason: string
    at: number
  }
  readonly dismissal: { reference: string; session_tag: string; authenticated_at: number }
  readonly feedback: { reference: string; question: string; answer: string; notice: string }
  readonly webhook: {
    id: string
    endpoint: string
    payload: string
    attempts: number
    due_at: number
  }
  readonly archived: {
    sha256: string
    matter: string
    notice: string
    bytes: number
    at: number
    keep_until: number
  }
  readonly guard: { holds: number }
  readonly hold: { matter: string; reason: string; until: number }
}
