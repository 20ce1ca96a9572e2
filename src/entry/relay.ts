import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import { jsonMailEvents } from '#adapters/mail/mail-events.ts'
import { openOutbox } from '#adapters/mail/outbox.ts'
import { newRelaySecret, relayKeys, type RelayKeys } from '#adapters/mail/relay-keys.ts'
import { openPins } from '#adapters/mail/pins.ts'
import { openSmtp } from '#adapters/mail/smtp.ts'
import { hkpDirectory } from '#adapters/keys/hkp.ts'
import { vksDirectory } from '#adapters/keys/vks.ts'
import { wkdDirectory } from '#adapters/keys/wkd.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { systemTimer } from '#adapters/system/timer.ts'
import { minimalCertificate } from '#core/minimal-certificate.ts'
import { readCertificate } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import { readMailAddress } from '#core/mail-address.ts'
import { accept, type Result } from '#core/result.ts'
import type { Clock } from '#ports/clock.ts'
import type { Deliveries } from '#ports/deliveries.ts'
import type { KeyDirectory } from '#ports/key-directory.ts'
import type { Mailer } from '#ports/mailer.ts'
import type { Outbox, Stopped } from '#ports/outbox.ts'
import { reportStates } from '#service/deliver-mail.ts'
import {
  confirmCertificate,
  type Confirmation,
  type Discovery,
  findCertificate,
} from '#service/find-certificate.ts'
import {
  queueMail,
  type MailSender,
  type QueuedNotice,
  type RelayedNotice,
} from '#service/queue-mail.ts'
import { type Delivery, runDelivery } from '#service/run-delivery.ts'
import { type Bounced, takeBounce } from '#service/take-bounce.ts'
import { readRelaySettings, type RelaySettings } from './relay-settings.ts'
import { Secret } from './secrets.ts'

/** What a relay is opened with. */
export interface RelayMeans {
  /** Where states are reported to; left out where another process does that. */
  readonly deliveries?: Deliveries | undefined
  /** Takes one line of JSON for each event. */
  readonly report: (line: string) => void
  readonly clock?: Clock
  /** In the place of those that the settings name. */
  readonly directories?: readonly KeyDirectory[]
}

/** The member's own relay: it mails notices, encrypted or not at all. */
export interface Relay {
  /** Encrypts and queues notices; see `queueMail`. */
  queue(notices: readonly RelayedNotice[]): Promise<readonly QueuedNotice[]>
  /** Sends what is queued until the relay is closed. */
  start(): void
  /** Holds what of a batch was not sent, or lets it go on; see `Outbox.stop`. */
  hold(batch: string, isHeld: boolean): Promise<Stopped>
  /** Takes a report of failure; see `takeBounce`. */
  bounce(message: Uint8Array): Promise<Result<Bounced>>
  /** Finds the certificate of a mail address; see `findCertificate`. Refuses `mail-address-invalid`. */
  findCertificate(address: string): Promise<Result<Discovery>>
  /** Takes a new key for an address; see `confirmCertificate`. */
  confirmCertificate(
    address: string,
    change: { readonly fingerprint: string; readonly confirmation: Confirmation },
  ): Promise<Result<void>>
  counts(): ReturnType<Outbox['counts']>
  /** Ends what is under way, and settles it. */
  close(): Promise<void>
}

const SECRET_FILE = 'relay.key'
const OUTBOX_FILE = 'outbox.sqlite'
/** A secret that others can read is none. */
const OTHERS = 0o077

/**
 * Opens the relay in a folder: `relay.json` with its settings, `relay.key` with its secret, which is made where there is none, and
 * `outbox.sqlite`. Several processes may share it.
 *
 * @throws Error for a setting or a secret that is not right, Unavailable where the outbox cannot be opened.
 */
export async function openRelay(folder: string, means: RelayMeans): Promise<Relay> {
  const settings = readRelaySettings(folder)
  const keys = relayKeys(readSecret(folder))
  const clock = means.clock ?? systemClock
  const sender = await senderOf(folder, { settings, keys, now: clock.now() })
  const mailer = mailerOf(folder, settings)
  const { atOnce: together } = mailer
  const outbox = openOutbox({ path: resolve(folder, OUTBOX_FILE), keys, together })
  const pins = openPins({ path: resolve(folder, OUTBOX_FILE), keys })
  const finding = { clock, pins, directories: means.directories ?? directoriesOf(settings) }
  const { deliveries, report } = means
  const ports = {
    clock,
    outbox,
    mailer,
    deliveries,
    random: systemRandom,
    timer: systemTimer,
    cipher: mailCipher,
    events: jsonMailEvents(report),
  }
  let delivery: Delivery | undefined
  return {
    queue: async (notices) => {
      const queued = await queueMail(ports, sender, notices)
      await reportStates(ports)
      delivery?.wake()
      return queued
    },
    start: () => {
      delivery ??= runDelivery(ports, policyOf(settings))
    },
    hold: async (batch, isHeld) => {
      const stopped = await outbox.stop(batch, isHeld)
      await reportStates(ports)
      delivery?.wake()
      return stopped
    },
    bounce: async (message) => {
      const taken = await takeBounce(ports, message)
      await reportStates(ports)
      return taken
    },
    findCertificate: async (text) => {
      const address = readMailAddress(text)
      return address.ok ? accept(await findCertificate(finding, address.value)) : address
    },
    confirmCertificate: async (text, change) => {
      const address = readMailAddress(text)
      return address.ok ? await confirmCertificate(finding, address.value, change) : address
    },
    counts: async () => await outbox.counts(),
    close: async () => {
      await delivery?.stop()
      await mailer.close()
      pins.close()
      await outbox.close()
    },
  }
}

function directoriesOf({ key_servers: { hkp, vks } }: RelaySettings): readonly KeyDirectory[] {
  return [
    wkdDirectory(),
    ...vks.map((host) => vksDirectory(host)),
    ...hkp.map((host) => hkpDirectory(host)),
  ]
}

function policyOf(settings: RelaySettings): Parameters<typeof runDelivery>[1] {
  const { bounces, per_domain_a_minute: perMinute, per_domain_at_once: burst } = settings
  const { give_up_days: giveUpDays, retry_seconds: retrySeconds } = settings
  return { bounces, throttle: { perMinute, burst }, giveUpDays, retrySeconds }
}

function mailerOf(folder: string, { from, smtp }: RelaySettings): Mailer {
  const { authorities, host, password_file: file, port, tls, user } = smtp
  const password =
    file === undefined ? undefined : new Secret(readFileSync(resolve(folder, file), 'utf8').trim())
  return openSmtp({
    host,
    port,
    tls,
    name: from.address.domain,
    ...(authorities === undefined
      ? {}
      : { authorities: readFileSync(resolve(folder, authorities), 'utf8') }),
    ...(user === undefined || password === undefined
      ? {}
      : { login: { user, password: () => password.reveal() } }),
  })
}

/** An address that the certificate does not name would invite answers that nobody can read. */
async function senderOf(
  folder: string,
  {
    keys,
    now,
    settings,
  }: { readonly settings: RelaySettings; readonly keys: RelayKeys; readonly now: number },
): Promise<MailSender> {
  const { certificate: file, from } = settings
  const sender = { ...from, idKey: keys.ids }
  if (file === undefined) return sender
  const armored = readFileSync(resolve(folder, file), 'utf8')
  const bytes = readArmor(armored, 'PGP PUBLIC KEY BLOCK')
  const parsed = bytes.ok ? await readCertificate(bytes.value) : bytes
  const autocrypt = parsed.ok ? minimalCertificate(parsed.value, from.address, now) : parsed
  if (!autocrypt.ok) throw new Error(`relay.json: certificate: ${autocrypt.refusal.reason}`)
  return { ...sender, autocrypt: autocrypt.value }
}

function readSecret(folder: string): string {
  const path = resolve(folder, SECRET_FILE)
  if (!existsSync(path)) {
    if (existsSync(resolve(folder, OUTBOX_FILE)))
      throw new Error(`${SECRET_FILE} is missing: without it the outbox cannot be read`)
    writeDurably(path, `${newRelaySecret()}\n`)
  }
  if ((statSync(path).mode & OTHERS) !== 0)
    throw new Error(`${SECRET_FILE} can be read by others: chmod 600`)
  return readFileSync(path, 'utf8').trim()
}
