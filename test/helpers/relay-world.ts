import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openOutbox } from '#adapters/mail/outbox.ts'
import type { RelayKeys } from '#adapters/mail/relay-keys.ts'
import { openSmtp } from '#adapters/mail/smtp.ts'
import { systemRandom } from '#adapters/system/random.ts'
import type { MailState } from '#ports/deliveries.ts'
import type { Outbox } from '#ports/outbox.ts'
import { type DeliverPorts, type DeliveryMemory, newDeliveryMemory } from '#service/deliver-mail.ts'
import { LOGIN, type MailServer } from './mail-server.ts'
import { NOW } from './openpgp-keys.ts'

/** All that delivering needs, with a clock that stands. */
export interface World {
  readonly ports: DeliverPorts & { readonly outbox: Outbox }
  readonly memory: DeliveryMemory
  readonly states: Map<string, MailState[]>
  readonly events: object[]
  readonly close: () => Promise<void>
  now: number
}

/** Opens an outbox of its own, with a mailer to a server. */
export function openWorld(server: MailServer, keys: RelayKeys): World {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-deliver-'))
  const mailer = openSmtp({
    host: '127.0.0.1',
    port: server.port,
    tls: 'starttls',
    authorities: server.tls.authority,
    name: 'contoso.example',
    login: LOGIN,
  })
  const { atOnce: together } = mailer
  const outbox = openOutbox({ path: join(folder, 'outbox.sqlite'), keys, together })
  const states = new Map<string, MailState[]>()
  const events: object[] = []
  const made: World = {
    now: NOW,
    ports: {
      clock: { now: () => made.now },
      random: systemRandom,
      outbox,
      mailer,
      events: { mailReclaimed: (fields) => events.push(fields) },
      deliveries: {
        note: async (changed) => {
          for (const { reference, state } of changed)
            states.set(reference, [...(states.get(reference) ?? []), state])
          await Promise.resolve()
        },
      },
    },
    memory: newDeliveryMemory(),
    states,
    events,
    close: async () => {
      await mailer.close()
      await outbox.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return made
}
