import { expect } from 'vitest'
import { openProduct } from '#client/product.ts'
import { inFlight } from '#client/in-flight.ts'
import type { OpenedNotice } from '#client/open-envelope.ts'
import { checkCodeInDigits, checkCodeInLetters } from '#core/check-code.ts'
import { emptyDirectory } from '#core/directory.ts'
import { readProof } from '#core/mail-message.ts'
import { accept, refuse } from '#core/result.ts'
import { searchFolder } from '#cli/seizure.ts'
import { jsonOf } from '#test/helpers/command-line.ts'
import { openGpg } from '#test/helpers/gpg.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { accepted as ran, SOLO_ORIGIN } from '#test/helpers/solo-coalition.ts'
import { allTemplates } from '#test/helpers/statements.ts'
import { parseProduct, type ProductFile } from '#wire/product.ts'
import { type Campaign, isTaken, PLATFORM, REPORTED } from './campaign.ts'
import type { Taken } from './open-post-office.ts'
import { type Person, PLANTED, secretKeys } from './people.ts'

const AT_ONCE = 8
const UNWITNESSED = 6
const UNVERIFIED = 5
const MESSAGE = /-----BEGIN PGP MESSAGE-----[^]+-----END PGP MESSAGE-----/

/** Every mail arrived, under one Message-ID, and again only where a kill left nobody to know that it had. */
export function holdMails({ company, office, people }: Campaign): void {
  const taken = office.reports.filter(isTaken)
  const expected = people.flatMap(({ mail }) => (mail === undefined ? [] : [mail.address]))
  expect([...new Set(taken.map(({ to }) => to))].toSorted()).toEqual(expected.toSorted())
  expect(new Set(taken.map(({ raw }) => idOf(raw))).size).toBe(expected.length)
  for (const address of expected) {
    const copies = taken.filter(({ to }) => to === address)
    expect(new Set(copies.map(({ raw }) => raw)).size).toBe(1)
    for (const copy of copies.slice(0, -1))
      expect(excuse(copy, { company, office })).toBe('in flight')
  }
}

/** A copy before the last is excused where the process that sent it was killed before it could write down that it had. */
function excuse(copy: Taken, { company, office }: Pick<Campaign, 'company' | 'office'>): string {
  const id = idOf(copy.raw)
  const later = office.reports.slice(office.reports.indexOf(copy) + 1)
  if (later.some((one) => one.kind === 'offered' && one.connection === copy.connection))
    return `${id} was sent again although its connection went on to another mail`
  return company.kills.some(({ ports, sending }) => ports.has(copy.port) && sending.has(id))
    ? 'in flight'
    : `${id} was sent again although nobody who was sending it was killed`
}

function idOf(raw: string): string {
  return /^Message-ID:\s+<([0-9a-f]{64})@contoso\.example>\r?$/m.exec(raw)?.[1] ?? ''
}

/** Each kind of trouble was there. */
export function holdTroubles({ company, office }: Campaign): void {
  const failed = office.reports.flatMap((one) => (one.kind === 'failed' ? [one.fault] : []))
  expect([...new Set(failed)].toSorted()).toEqual(['cut', 'greylisted', 'put-off'])
  expect(company.events()).toContain('"certificate-wrong"')
  expect(company.kills.length).toBeGreaterThan(2)
}

/** Every mail decrypts with gpg by its recipient's key alone, verifies with the company's, and carries the proof that the product shows. */
export async function holdMailsWithGpg(campaign: Campaign): Promise<void> {
  const { office, people, solo } = campaign
  const gpg = openGpg()
  try {
    gpg.run(['--import', gpg.file('readers.asc', secretKeys(people))])
    const company = solo.path('company.pub.asc')
    await ran(solo.dunant('company', `key export contoso-example --out ${company}`))
    const imported = gpg.run(['--with-colons', '--show-keys', company])
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(Buffer.from(imported.stdout).toString())?.[1]
    expect(fingerprint).toMatch(/^[0-9A-F]{40}$/)
    gpg.run(['--import', company])
    const mails = new Map(office.reports.filter(isTaken).map((mail) => [mail.to, mail]))
    const readers = people.filter(({ mail }) => mail !== undefined)
    const files = readers.map(({ mail, number }) => {
      const raw = mails.get(mail?.address ?? '')?.raw ?? ''
      return gpg.file(`mail-${String(number)}.asc`, MESSAGE.exec(raw)?.[0] ?? '')
    })
    gpg.run(['--multifile', '--decrypt', ...files])
    for (const person of readers) {
      const decrypted = gpg.read(`mail-${String(person.number)}`)
      const { entity, signature } = partsOf(Buffer.from(decrypted).toString('latin1'))
      const path = gpg.file('entity', Buffer.from(entity, 'latin1'))
      const { status } = gpg.run(['--verify', gpg.file('signature', signature), path])
      expect(status).toContain(`VALIDSIG ${fingerprint ?? ''}`)
      const proof = accepted(parseProduct(accepted(readProof(decrypted))))
      expectNotice(campaign, person, await opened(campaign, person, proof))
    }
  } finally {
    gpg.close()
  }
}

/** The parts of a mail that was decrypted: the entity and its signature. */
function partsOf(decrypted: string): { readonly entity: string; readonly signature: string } {
  const boundary = /boundary="(signed-[0-9a-f]{32})"/.exec(decrypted)?.[1] ?? ''
  const [, entity = '', rest = ''] = decrypted.split(new RegExp(`\\r\\n--${boundary}(?:--)?\\r\\n`))
  return { entity, signature: rest.slice(rest.indexOf('-----BEGIN')) }
}

/** Everybody's banner shows their notice in their language, and its file proves it; nobody else has one. Gives the notices. */
export async function holdProducts(campaign: Campaign): Promise<ReadonlyMap<Person, OpenedNotice>> {
  const { company, people } = campaign
  const session = { session: 'a session', authenticatedAt: Math.floor(Date.now() / 1000) }
  const notices = new Map<Person, OpenedNotice>()
  const asked = inFlight(
    people,
    async (person) => {
      const banner = await company.ask(async (agent) => await agent.banner(person.account, session))
      expect(banner?.language).toBe(person.language)
      expect(banner?.lines.join('\n')).toContain(person.account)
      const file = await company.ask(async (agent) => await agent.proof(person.account))
      if (file === null) throw new Error(`no proof for ${person.account}`)
      return [person, await opened(campaign, person, file)] as const
    },
    AT_ONCE,
  )
  for await (const [person, notice] of asked) {
    expectNotice(campaign, person, notice)
    notices.set(person, notice)
  }
  const stranger = `${PLANTED.account}nobody@${PLANTED.accountDomain}`
  expect(await company.ask(async (agent) => await agent.banner(stranger, session))).toBeNull()
  const codes = new Set([...notices.values()].map(({ statement }) => statement.check))
  expect(codes.size).toBe(people.length)
  return notices
}

async function opened(
  { solo }: Campaign,
  { account }: Person,
  file: ProductFile,
): Promise<OpenedNotice> {
  const expected = {
    origin: SOLO_ORIGIN,
    genesis: solo.genesis,
    directory: emptyDirectory(SOLO_ORIGIN),
    findTemplate: async (hash: string) => {
      const template = allTemplates().find((one) => one.hash === hash)
      return await Promise.resolve(
        template === undefined ? refuse('template-unknown') : accept(template),
      )
    },
  }
  expect(reasonOf(await openProduct(file, { ...expected, account: `x${account}` }))).toBe(
    'notice-not-for-me',
  )
  return accepted(await openProduct(file, { ...expected, account }))
}

function expectNotice({ act }: Campaign, person: Person, notice: OpenedNotice): void {
  const { account, language, seen } = person
  expect(notice).toMatchObject({ act, isProven: true, status: 'logged' })
  expect(notice.statement).toMatchObject({ language, to: { account }, facts: { seen } })
}

/** Every mailbox has its line, and its owner opens it. */
export async function holdMailboxes({ act, people, solo }: Campaign): Promise<void> {
  for (const { language, mailbox, seen } of people) {
    if (mailbox === undefined) continue
    const read = jsonOf(await ran(solo.dunant(mailbox.home, `mailbox open ${act}`)))
    expect(read).toMatchObject({
      act,
      proven: true,
      status: 'logged',
      statement: { language, facts: { seen }, to: { mailbox: mailbox.id } },
    })
  }
}

/** The company knows of every mail that it was sent, and of everybody that they have their notice. */
export async function holdStates({ company, people }: Campaign): Promise<void> {
  const standing = await company.ask(async (agent) => await agent.standing(PLANTED.notice))
  expect(standing).toMatchObject({ recipients: people.length, phase: 'released' })
  for (const { mail, number } of people) {
    if (mail === undefined) continue
    const event = `${PLANTED.event}${String(number)}`
    // What the other relay sent, the agent hears of when it next looks into the outbox.
    await expect
      .poll(
        async () => {
          const { states } = await company.ask(async (agent) => await agent.eventStanding(event))
          return states.map(({ state }) => state)
        },
        { timeout: 90_000 },
      )
      .toContain('sent')
  }
}

/** The company's agent publishes the codes of all notices; some of them are looked up, and one with the account of another. */
export async function holdCodes(
  { company, dice, people, solo }: Campaign,
  notices: ReadonlyMap<Person, OpenedNotice>,
): Promise<void> {
  await company.publishCodes()
  const trust = `--server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`
  const look = async (code: string, account: string) =>
    await solo.dunant('asker', `check ${code} --account ${account} ${trust}`)
  const [one, two] = [dice.of(people), dice.of(people)]
  for (const [person, written] of [
    [one, checkCodeInLetters],
    [two, checkCodeInDigits],
  ] as const) {
    const found = await look(written(notices.get(person)?.statement.check ?? ''), person.account)
    expect(found).toMatchObject({ code: UNWITNESSED, err: '' })
    expect(jsonOf(found)).toMatchObject({ found: true, findings: [{ status: 'valid' }] })
  }
  const other = people.find((person) => person !== one)
  const wrong = await look(notices.get(one)?.statement.check ?? '', other?.account ?? '')
  expect(wrong.code).toBe(UNVERIFIED)
}

/** Nothing that the platform wrote, while it ran or after, tells of any customer. */
export function holdPlatform(
  { seized, solo }: Campaign,
  notices: ReadonlyMap<Person, OpenedNotice>,
): void {
  const checks = [...notices.values()].slice(0, 8).map(({ statement }) => statement.check)
  const markers = [...Object.values(PLANTED), ...checks]
  for (const place of [...seized, ...PLATFORM.map((name) => solo.path(name))])
    expect(searchFolder(place, markers)).toEqual([])
  // The same search finds everything in what the company's own systems reported.
  const { matter: _, ...reported } = PLANTED
  const parts = Object.values(reported)
  const own = searchFolder(solo.path(REPORTED), parts)
  expect(new Set(own.map(({ marker }) => marker))).toEqual(new Set(parts))
}
