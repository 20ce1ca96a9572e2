import { type Context, Hono } from 'hono'
import { fromBase64 } from '#core/bytes.ts'
import type { Directory } from '#core/directory.ts'
import { writeArmor } from '#core/packets.ts'
import { formatInstant, DAY_SECONDS, midnightOf } from '#core/time.ts'
import { wkdHash } from '#core/wkd.ts'
import type { Clock } from '#ports/clock.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { DirectoryReader } from '#service/read-directory.ts'
import type { KeyIndexAnswer } from '#wire/answers.ts'
import { keepFor } from '#http/headers.ts'
import { problem } from '#http/problem.ts'

/** What these routes read. */
export interface KeyRoutePorts {
  readonly clock: Clock
  readonly crypto: Pick<ServiceCrypto, 'serviceCertificate'>
  readonly directory: DirectoryReader
  readonly origin: string
  /** Where the server is reached, such as `https://coalition.example`. */
  readonly publicUrl?: string
  /** A URI for reports of weaknesses; `mailto:security@` the origin where it is left out. */
  readonly securityContact?: string
}

const KEEP_SECONDS = 300
/** RFC 9116 asks for less than a year. */
const CONTACT_DAYS = 180
const SERVICE_LOCAL_PART = 'service'

/** `/keys` and the Web Key Directory: every certificate, so that `gpg` alone can check who signed. */
export function keyRoutes(ports: KeyRoutePorts): Hono {
  const app = new Hono()
  const serviceHash = wkdHash(SERVICE_LOCAL_PART)

  app.get('/keys/index.json', async (c) => {
    keepFor(c, KEEP_SECONDS)
    return c.json(keyIndex(ports.origin, await ports.directory.current()))
  })
  app.get('/keys/service.asc', async (c) => armoredKey(c, await serviceCertificate(ports)))
  app.get('/keys/:domain/:file{[0-9a-f]+\\.asc}', async (c) => {
    const { domain, file } = c.req.param()
    const party = (await ports.directory.current()).parties.get(domain)
    const officer = party?.officers.get(file.slice(0, -'.asc'.length))
    const bytes = officer === undefined ? undefined : fromBase64(officer.certificate)
    return bytes === undefined ? problem(c, { reason: 'not-found' }) : armoredKey(c, bytes)
  })

  const certificate = async (c: Context, hash: string): Promise<Response> => {
    if (hash !== serviceHash) return problem(c, { reason: 'not-found' })
    keepFor(c, KEEP_SECONDS)
    const bytes = Uint8Array.from(await serviceCertificate(ports))
    return c.body(bytes, 200, { 'Content-Type': 'application/octet-stream' })
  }
  app.get('/.well-known/openpgpkey/policy', (c) => c.text(''))
  app.get(
    '/.well-known/openpgpkey/hu/:hash',
    async (c) => await certificate(c, c.req.param('hash')),
  )
  app.get('/.well-known/openpgpkey/:domain/policy', (c) =>
    c.req.param('domain') === ports.origin ? c.text('') : problem(c, { reason: 'not-found' }),
  )
  app.get('/.well-known/openpgpkey/:domain/hu/:hash', async (c) =>
    c.req.param('domain') === ports.origin
      ? await certificate(c, c.req.param('hash'))
      : problem(c, { reason: 'not-found' }),
  )
  app.get('/.well-known/security.txt', (c) => c.text(securityText(ports)))
  return app
}

function keyIndex(origin: string, directory: Directory): KeyIndexAnswer {
  return {
    genesis: directory.genesis,
    log_key: directory.charter?.log_key ?? null,
    origin,
    parties: [...directory.parties.values()].map(({ domain, kind, officers, status }) => ({
      domain,
      kind,
      officers: [...officers.values()].map((officer) => ({
        duties: [...officer.duties],
        fingerprint: officer.fingerprint,
        status: officer.status,
        url: `/keys/${domain}/${officer.fingerprint}.asc`,
      })),
      status,
    })),
    service: { fingerprint: directory.serviceFingerprint || null, url: '/keys/service.asc' },
  }
}

/** The one that the charter names; before the charter the one that will ask to be named. */
async function serviceCertificate({ crypto, directory }: KeyRoutePorts): Promise<Uint8Array> {
  const { charter } = await directory.current()
  const named = charter === undefined ? undefined : fromBase64(charter.service_certificate)
  return named ?? crypto.serviceCertificate
}

function armoredKey(c: Context, bytes: Uint8Array): Response {
  keepFor(c, KEEP_SECONDS)
  return c.body(writeArmor('PGP PUBLIC KEY BLOCK', bytes), 200, {
    'Content-Type': 'application/pgp-keys',
  })
}

function securityText(ports: KeyRoutePorts): string {
  const expires = midnightOf(ports.clock.now()) + CONTACT_DAYS * DAY_SECONDS
  const canonical =
    ports.publicUrl === undefined
      ? []
      : [`Canonical: ${new URL('/.well-known/security.txt', ports.publicUrl).href}`]
  return [
    `Contact: ${ports.securityContact ?? `mailto:security@${ports.origin}`}`,
    `Expires: ${formatInstant(expires)}`,
    ...canonical,
    'Preferred-Languages: en, fr',
    '',
  ].join('\n')
}
