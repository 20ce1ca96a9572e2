import { inFlight } from '#client/in-flight.ts'
import { base64 } from '#core/bytes.ts'
import { textOf } from '#test/helpers/command-line.ts'
import type { Dice } from '#test/helpers/dice.ts'
import { reader } from '#test/helpers/mail.ts'
import { accepted, COMPANY, SOLO_ORIGIN, type SoloCoalition } from '#test/helpers/solo-coalition.ts'
import { LANGUAGES } from '#test/helpers/statements.ts'
import type { NamedEvent } from '#wire/agent.ts'

/** How many are told in which way. */
export interface Sizes {
  readonly mailboxes: number
  readonly products: number
  readonly relayed: number
}

/** Somebody who was attacked, and how they are reached beside the product. */
export interface Person {
  readonly number: number
  readonly account: string
  readonly language: string
  /** What the company saw, in its own words. */
  readonly seen: string
  /** Their mail program. */
  readonly mail?: Awaited<ReturnType<typeof reader>>
  /** The folder in which their command line keeps the key of their mailbox. */
  readonly mailbox?: { readonly home: string; readonly id: string; readonly fingerprint: string }
}

/** Parts of accounts, addresses, reports and texts that appear nowhere else: whoever finds one has found a customer. */
export const PLANTED = {
  account: 'halcyon-',
  accountDomain: 'kestrel-7731.example',
  address: 'petrel.',
  addressDomain: 'guillemot-9052.example',
  event: 'merlin-',
  matter: 'osprey-3318',
  notice: 'spring-kittiwake',
  seen: 'the cafe of Fulmar Quay',
} as const

const TOKENS_MAX = 64
const ENROLLING_MAX = 4

/** Makes them in random order, with keys for those who have a mail program or a mailbox. */
export async function makePeople(
  solo: SoloCoalition,
  sizes: Sizes,
  dice: Dice,
): Promise<readonly Person[]> {
  const tokens: string[] = []
  while (tokens.length < sizes.mailboxes)
    tokens.push(...(await invitations(solo, sizes.mailboxes - tokens.length)))
  const ways = shuffled(
    [
      ...Array.from({ length: sizes.products }, () => 'product' as const),
      ...Array.from({ length: sizes.relayed }, () => 'mail' as const),
      ...tokens.map((token) => ({ token })),
    ],
    dice,
  )
  const people: Person[] = []
  const made = inFlight(
    ways.entries(),
    async ([number, way]) => await makePerson(solo, number, way),
    ENROLLING_MAX,
  )
  for await (const person of made) people.push(person)
  return people
}

async function makePerson(
  solo: SoloCoalition,
  number: number,
  way: 'mail' | 'product' | { readonly token: string },
): Promise<Person> {
  const person = {
    number,
    account: `${PLANTED.account}${String(number)}@${PLANTED.accountDomain}`,
    language: LANGUAGES[number % LANGUAGES.length] ?? 'en',
    seen: `Somebody in ${PLANTED.seen} read message ${String(number)}.`,
  }
  if (way === 'product') return person
  if (way === 'mail')
    return {
      ...person,
      mail: await reader(`${PLANTED.address}${String(number)}@${PLANTED.addressDomain}`),
    }
  const home = `reader-${String(number)}`
  const server = `--server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`
  const enrolled = await accepted(
    solo.dunant(
      home,
      `mailbox enrol --filer ${COMPANY} --invitation ${way.token} --no-passphrase ${server}`,
    ),
  )
  const mailbox = {
    home,
    id: textOf(enrolled, 'mailbox'),
    fingerprint: textOf(enrolled, 'fingerprint'),
  }
  return { ...person, mailbox }
}

async function invitations(solo: SoloCoalition, count: number): Promise<readonly string[]> {
  const line = `mailbox invite --count ${String(Math.min(count, TOKENS_MAX))}`
  const { out } = await accepted(solo.company(line))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the command prints it
  return (JSON.parse(out) as { tokens: string[] }).tokens
}

/** What the company's own systems report of somebody. */
export function eventOf({ account, language, mail, mailbox, number, seen }: Person): NamedEvent {
  return {
    event_id: `${PLANTED.event}${String(number)}`,
    notice: PLANTED.notice,
    account,
    language,
    facts: { asset: 'email-account', target_state: 'access-confirmed', seen },
    ...(mail === undefined ? {} : { address: mail.address, certificate: base64(mail.certificate) }),
    ...(mailbox === undefined ? {} : { mailbox: mailbox.id, fingerprint: mailbox.fingerprint }),
  }
}

/** Writes the secret keys of all mail programs into one file, for a keyring. */
export function secretKeys(people: readonly Person[]): string {
  return people.map(({ mail }) => mail?.privateArmored ?? '').join('\n')
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const left = [...items]
  return items.flatMap(() => left.splice(dice.below(left.length), 1))
}
