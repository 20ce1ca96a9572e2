import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import { type Company, COMPANIES } from './cast.ts'
import type { ServerProcess, Stage } from './stage.ts'
import { field } from './props.ts'
import { nameWitnesses, type Starter } from './witnesses.ts'

const DUTIES = 'admin,counsel,reporter,responder,reviewer'
/** gpg's agent listens on a socket in its home, and a socket's path has room for about a hundred characters. */
const SOCKET_PATH_MAX = 80

/** A coalition that has just been founded. */
export interface Coalition {
  readonly genesis: string
  readonly server: ServerProcess
  /** Processes of the two members who watch the log. */
  readonly witnesses: readonly ServerProcess[]
  /** `--origin … --genesis …` */
  readonly options: readonly string[]
  /** Fingerprints of the companies that sign with gpg. */
  readonly gpg: ReadonlyMap<string, string>
  readonly gpgHome: string
}

/** A founder's officer as the charter takes it: `DOMAIN=FILE:DUTIES`. */
interface Founder {
  readonly company: Company
  readonly entries: readonly string[]
  readonly sign: readonly string[]
  readonly fingerprint: string
}

/** Where gpg's keys of the story are: beside the other clients' files, or in a shorter place where that path is too long for a socket. */
export function gpgHomeOf(folder: string): string {
  const beside = join(folder, 'clients', 'fabrikam.example', 'gnupg')
  return beside.length <= SOCKET_PATH_MAX
    ? beside
    : join(tmpdir(), `gpg-${sha256Hex(utf8(folder)).slice(0, 12)}`)
}

/** Founds the coalition: server keys, witnesses, officers, charter, signatures, adoption; every company pins it. */
export async function found(stage: Stage, start: Starter): Promise<Coalition> {
  stage.scene('Three companies found a coalition')
  stage.tell(
    'The server gets its keys and waits. The charter names the founders and their keys; all of them sign the same bytes. ' +
      'Its hash is the genesis id: whoever knows it needs to trust nobody else.',
  )
  await stage.play([
    'init',
    '--data',
    'server',
    '--origin',
    'coalition.example',
    '--out',
    'clients/terms.json',
  ])
  const witnesses = await nameWitnesses(stage, start)
  const gpgHome = gpgHomeOf(stage.folder)
  const founders: Founder[] = []
  for (const company of COMPANIES) founders.push(await makeOfficer(stage, company, gpgHome))
  const entries = founders.flatMap((founder) =>
    founder.entries.flatMap((entry) => ['--founder', entry]),
  )
  const charter = await stage.ask([
    'party',
    'charter',
    '--terms',
    'clients/terms.json',
    ...entries,
    ...witnesses.flatMap(({ vkey }) => ['--witness', vkey]),
    '--witness-quorum',
    String(witnesses.length),
    '--out',
    'clients/charter.json',
  ])
  const genesis = field(charter, 'genesis')
  const signatures = await signCharter(stage, founders, genesis)
  await stage.play(['init', '--data', 'server', '--genesis', genesis])
  const server = await start('serve', 'server')
  const options = ['--origin', 'coalition.example', '--genesis', genesis]
  const reach = ['--server', server.url, ...options]
  await stage.play([
    'party',
    'found',
    'clients/charter.json',
    ...signatures,
    '--home',
    'clients/contoso.example',
    ...reach,
  ])
  for (const { company } of founders)
    await stage.ask(['directory', 'pin', '--home', `clients/${company.domain}`, ...reach])
  const signers = new Map(
    founders
      .filter(({ sign }) => sign.includes('--gpg'))
      .map(({ company, fingerprint }) => [company.domain, fingerprint]),
  )
  return { genesis, server, witnesses, options, gpg: signers, gpgHome }
}

async function signCharter(
  stage: Stage,
  founders: readonly Founder[],
  genesis: string,
): Promise<readonly string[]> {
  const signatures: string[] = []
  for (const { company, sign } of founders) {
    const out = `clients/${company.domain}/charter.asc`
    await stage.ask([
      'party',
      'sign',
      'clients/charter.json',
      '--id',
      genesis,
      '--out',
      out,
      '--home',
      `clients/${company.domain}`,
      ...sign,
    ])
    signatures.push('--signature', out)
  }
  return signatures
}

async function makeOfficer(stage: Stage, company: Company, gpgHome: string): Promise<Founder> {
  const usesGpg = company.domain === 'fabrikam.example' && hasGpg()
  return usesGpg
    ? await makeGpgOfficer(stage, company, gpgHome)
    : await makeSoftwareOfficer(stage, company)
}

async function makeSoftwareOfficer(stage: Stage, company: Company): Promise<Founder> {
  const home = ['--home', `clients/${company.domain}`]
  await stage.play([
    'key',
    'generate',
    company.officer,
    '--name',
    `${company.name} incident response`,
    '--no-passphrase',
    ...home,
  ])
  const file = `clients/${company.domain}/officer.pub.asc`
  await stage.play(['key', 'export', company.officer, '--out', file, ...home])
  return {
    company,
    entries: [`${company.domain}=${file}:${DUTIES}`],
    sign: ['--key', company.officer],
    fingerprint: '',
  }
}

/** One company's officer signs with gpg, as with a smartcard; a software key of the same company signs the many parts for customers. */
async function makeGpgOfficer(stage: Stage, company: Company, gpgHome: string): Promise<Founder> {
  const home = ['--home', `clients/${company.domain}`]
  const keyring = ['--gpg-home', gpgHome]
  rmSync(gpgHome, { recursive: true, force: true })
  mkdirSync(gpgHome, { recursive: true, mode: 0o700 })
  const userId = `${company.name} incident response`
  stage.tell(`${company.name} signs with gpg, as it would with a smartcard:`)
  gpg(gpgHome, ['--quick-generate-key', userId, 'ed25519', 'cert,sign', '1y'])
  const fingerprint =
    /^fpr:+([0-9A-F]{40}):/m.exec(gpg(gpgHome, ['--with-colons', '--list-keys', userId]))?.[1] ?? ''
  gpg(gpgHome, ['--quick-add-key', fingerprint, 'cv25519', 'encr', '1y'])
  const officer = `clients/${company.domain}/officer.pub.asc`
  await stage.play(['key', 'export', '--gpg', fingerprint, ...keyring, '--out', officer, ...home])
  await stage.play([
    'key',
    'generate',
    'reporter',
    '--name',
    `${company.name} notices`,
    '--no-passphrase',
    ...home,
  ])
  const reporter = `clients/${company.domain}/reporter.pub.asc`
  await stage.play(['key', 'export', 'reporter', '--out', reporter, ...home])
  return {
    company,
    entries: [`${company.domain}=${officer}:${DUTIES}`, `${company.domain}=${reporter}:reporter`],
    sign: ['--gpg', fingerprint, ...keyring],
    fingerprint,
  }
}

function hasGpg(): boolean {
  return spawnSync('gpg', ['--version'], { stdio: 'ignore' }).status === 0
}

function gpg(home: string, args: readonly string[]): string {
  const done = spawnSync(
    'gpg',
    [
      '--homedir',
      home,
      '--batch',
      '--no-tty',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      ...args,
    ],
    { encoding: 'utf8' },
  )
  if (done.status !== 0) throw new Error(`gpg: ${done.stderr}`)
  return done.stdout
}
