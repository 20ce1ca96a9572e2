import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromUtf8, hex } from '#core/bytes.ts'
import { readEntity } from '#core/entity.ts'
import { composeMail, composePayload, mailId, readProof } from '#core/mail-message.ts'
import { minimalCertificate } from '#core/minimal-certificate.ts'
import { readCertificate } from '#core/openpgp.ts'
import { splitSignedMessage, writeArmor } from '#core/packets.ts'
import { systemRandom } from '#client/random.ts'
import { officer } from '#test/helpers/client-keys.ts'
import { type DebianPrograms, debianPrograms } from '#test/helpers/debian.ts'
import { type Gpg, openGpg } from '#test/helpers/gpg.ts'
import {
  ACT,
  addressOf,
  encryptFor,
  type Reader,
  reader,
  signedNotice,
} from '#test/helpers/mail.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'

// Mails as a relay makes them, read by programs that share no code with us.

const MUTT = debianPrograms([
  'mutt',
  'libgpgme11',
  'libgsasl18',
  'libidn12',
  'libntlm0',
  'libgssglue1',
  'libtokyocabinet9',
  'libassuan0',
])
const NOTMUCH = debianPrograms([
  'notmuch',
  'libnotmuch5',
  'libgmime-3.0-0',
  'libsexp1',
  'libxapian30',
  'libtalloc2',
  'libgpgme11',
])
const SQ = debianPrograms(['sq'])
for (const reason of [MUTT, NOTMUCH, SQ].filter((one) => typeof one === 'string'))
  process.stdout.write(`a test with a mail program is skipped: ${reason}\n`)

let sender: Awaited<ReturnType<typeof officer>>
let alice: Reader
let gpg: Gpg
let subject = ''
let signed: Uint8Array
let mail = ''
let id = ''

beforeAll(async () => {
  sender = await officer()
  alice = await reader('alice@customer.example')
  const notice = await signedNotice(sender.key, alice.address)
  signed = notice.signed
  const payload = accepted(composePayload(signed, notice.product))
  const message = accepted(await encryptFor(alice, payload))
  const address = addressOf('reporter@contoso.example')
  const parsed = accepted(await readCertificate(sender.certificate))
  id = mailId(systemRandom(32), { act: ACT, reference: hex(systemRandom(16)) })
  const head = {
    from: { name: 'Contoso Security', address },
    to: addressOf(alice.address),
    id,
    at: NOW,
    autocrypt: accepted(minimalCertificate(parsed, address, NOW)),
  }
  mail = fromUtf8(accepted(composeMail(head, message))) ?? ''
  subject = subjectOf(signed)
  gpg = openGpg()
  for (const [name, text] of [
    ['own', alice.privateArmored],
    ['sender', writeArmor('PGP PUBLIC KEY BLOCK', sender.certificate)],
  ] as const)
    gpg.run(['--import', gpg.file(name, text)])
})
afterAll(() => {
  gpg.close()
})

function subjectOf(notice: Uint8Array): string {
  const { content } = accepted(splitSignedMessage(notice))
  accepted(readEntity(content))
  const head = new TextDecoder('latin1').decode(content).split('\r\n\r\n')[0] ?? ''
  return /^Subject: (.+)$/m.exec(head)?.[1] ?? ''
}

function home(): string {
  return gpg.file('anything', '').replace(/\/anything$/, '')
}

function run(
  programs: DebianPrograms,
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const ran = spawnSync(programs.path(program), args, {
    env: {
      ...process.env,
      ...programs.env,
      GNUPGHOME: home(),
      HOME: home(),
      LC_ALL: 'C.UTF-8',
      ...env,
    },
    maxBuffer: 16 * 1024 * 1024,
    timeout: 60_000,
  })
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr.toString()}`)
  return ran.stdout.toString()
}

/** The parts of a mail that was decrypted: the entity and its signature. */
function partsOf(decrypted: string): { readonly entity: string; readonly signature: string } {
  const boundary = /boundary="(signed-[0-9a-f]{32})"/.exec(decrypted)?.[1] ?? ''
  const [, entity = '', rest = ''] = decrypted.split(new RegExp(`\\r\\n--${boundary}(?:--)?\\r\\n`))
  return { entity, signature: rest.slice(rest.indexOf('-----BEGIN')) }
}

function armored(): string {
  return /-----BEGIN PGP MESSAGE-----[^]+-----END PGP MESSAGE-----/.exec(mail)?.[0] ?? ''
}

test('gpg decrypts the mail as it is, and verifies the entity inside with the key of the company', () => {
  const opened = gpg.run(['--decrypt', gpg.file('mail.eml', mail)])
  const decrypted = Buffer.from(opened.stdout).toString('latin1')
  const { entity, signature } = partsOf(decrypted)
  const path = gpg.file('entity', Buffer.from(entity, 'latin1'))
  expect(gpg.run(['--verify', gpg.file('entity.asc', signature), path]).status).toContain('GOODSIG')
  expect(
    gpg.run(['--verify', gpg.file('other.asc', signature), gpg.file('x', `${entity} `)], {
      mayFail: true,
    }).status,
  ).toContain('BADSIG')
  expect(JSON.parse(accepted(readProof(opened.stdout)))).toMatchObject({ kind: 'product' })
})

test.skipIf(typeof SQ === 'string')('sq decrypts and verifies it', () => {
  if (typeof SQ === 'string') return
  const decrypted = Buffer.from(
    run(SQ, [
      'sq',
      'decrypt',
      '--recipient-key',
      gpg.file('alice.key', alice.privateArmored),
      gpg.file('message.asc', armored()),
    ]),
    'utf8',
  ).toString('utf8')
  const { entity, signature } = partsOf(decrypted)
  const cert = gpg.file('sender.asc', writeArmor('PGP PUBLIC KEY BLOCK', sender.certificate))
  run(SQ, [
    'sq',
    'verify',
    '--signer-cert',
    cert,
    '--detached',
    gpg.file('sq.sig', signature),
    gpg.file('sq.entity', entity),
  ])
  expect(() =>
    run(SQ, [
      'sq',
      'verify',
      '--signer-cert',
      cert,
      '--detached',
      gpg.file('sq.sig', signature),
      gpg.file('sq.bad', `${entity}x`),
    ]),
  ).toThrow()
})

test.skipIf(typeof NOTMUCH === 'string')(
  'notmuch shows it decrypted, signed by the company, with the subject from inside',
  () => {
    if (typeof NOTMUCH === 'string') return
    const store = join(home(), 'mail')
    mkdirSync(join(store, 'cur'), { recursive: true })
    writeFileSync(join(store, 'cur', '1:2,'), mail)
    const config = join(home(), 'notmuch-config')
    writeFileSync(
      config,
      `[database]\npath=${store}\n[user]\nname=Alice\nprimary_email=${alice.address}\n[crypto]\n[index]\ndecrypt=true\n`,
    )
    const env = { NOTMUCH_CONFIG: config }
    run(NOTMUCH, ['notmuch', 'new'], env)
    const shown = run(
      NOTMUCH,
      ['notmuch', 'show', '--decrypt=true', '--format=json', `id:${id}@contoso.example`],
      env,
    )
    expect(shown).toContain('"decrypted": {"status": "full"')
    expect(shown).toContain('"status": "good"')
    expect(shown).toContain(`"Subject": ${JSON.stringify(subject)}`)
    expect(shown).toContain('"header-mask": {"Subject": "[...]"}')
    const found = run(
      NOTMUCH,
      ['notmuch', 'search', '--output=messages', `subject:"${subject}"`],
      env,
    )
    expect(found).toContain(id)
  },
)

test.skipIf(typeof MUTT === 'string')(
  'mutt shows it decrypted, with a good signature and the subject from inside',
  () => {
    if (typeof MUTT === 'string') return
    const [box, out, rc] = ['mutt.mbox', 'mutt.out', 'muttrc'].map((name) => join(home(), name))
    if (box === undefined || out === undefined || rc === undefined) return
    writeFileSync(box, `From x Thu Jan  1 00:00:00 2026\n${mail.replaceAll('\r\n', '\n')}\n`)
    writeFileSync(
      rc,
      [
        'set crypt_use_gpgme=yes',
        'set crypt_protected_headers_read=yes',
        'set crypt_verify_sig=yes',
        'set wait_key=no',
        'set pager_stop=yes',
        'set quit=yes',
        'set move=no',
        'set confirmcreate=no',
        'set record=""',
        'set spoolfile=""',
        `set folder=${home()}`,
        'set header_cache=""',
        'alternative_order text/plain',
        `set pager="cp %s ${out}"`,
        'set prompt_after=no',
        'macro index X "<display-message><exit>"',
        'push X',
        '',
      ].join('\n'),
    )
    const command = `${MUTT.path('mutt')} -n -R -F ${rc} -f ${box}`
    const ran = spawnSync('script', ['-qec', command, '/dev/null'], {
      env: {
        ...process.env,
        ...MUTT.env,
        GNUPGHOME: home(),
        HOME: home(),
        TERM: 'xterm',
        LC_ALL: 'C.UTF-8',
      },
      timeout: 60_000,
    })
    expect(ran.status, ran.stdout.toString()).toBe(0)
    const shown = readFileSync(out, 'utf8')
    expect(shown).toContain(subject)
    expect(shown).toMatch(/Good signature from/)
    expect(shown).not.toContain('dunant-product-v1')
  },
)
