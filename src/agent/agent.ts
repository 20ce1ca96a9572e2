import type { RandomBytes } from '#client/random.ts'
import type { AgentEvents } from '#ports/agent-events.ts'
import type { AgentStore } from '#ports/agent-store.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { templateName } from '#core/template.ts'
import type { LocalReason } from '#wire/agent.ts'
import type { Template } from '#wire/assemble-template.ts'
import type { Vault } from './vault.ts'

/** What everything that an agent does works with. */
export interface Agent {
  readonly store: AgentStore
  readonly vault: Vault
  /** POSIX seconds. */
  readonly now: () => number
  readonly random: RandomBytes
  readonly templates: readonly Template[]
  /** Who issues the notices, and in which coalition. */
  readonly issuer: { readonly origin: string; readonly genesis: string; readonly party: string }
  readonly events: AgentEvents
  /** Puts a message to the company's own systems into the queue; durable when it resolves. */
  readonly tell: (message: HookMessage) => Promise<void>
  /** Has the relay hold what of a batch it has not sent, or go on with it. */
  readonly holdMail: (batch: string, isHeld: boolean) => Promise<void>
  /** Has whatever is due looked at, at once. */
  readonly wake: () => void
}

/** What the company's own systems are told; events are named by the company's own ids, which go to the company alone. */
export interface HookMessage {
  readonly type: 'notice.failed' | 'notice.filed' | 'notice.released' | 'recipient.reported'
  readonly data: Readonly<Record<string, unknown>>
}

/** Outcome of something that the local interface asks for. */
export type LocalResult<T> = Denied | { readonly ok: true; readonly value: T }

/** The answer of no, with its reason. */
export interface Denied {
  readonly ok: false
  readonly reason: LocalReason
  readonly detail?: string
}

/** The answer of no. `detail` is composed of our own words and names of the company's own. */
export function deny(reason: LocalReason, detail?: string): Denied {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail }
}

/** The answer of yes. */
export function allow<T>(value: T): LocalResult<T> {
  return { ok: true, value }
}

/** A template by its name (`device/organisation`), by its kind alone for a person (`device`), or by its hash. Refuses `template-unknown`. */
export function templateOf(
  { templates }: Pick<Agent, 'templates'>,
  named: string,
): Result<Template> {
  const name = named.includes('/') ? named : `${named}/person`
  const found = templates.find(
    ({ hash, manifest }) => hash === named || templateName(manifest) === name,
  )
  return found === undefined
    ? refuse(
        'template-unknown',
        `this version has ${templates.map(({ manifest }) => templateName(manifest)).join(', ')}`,
      )
    : accept(found)
}
