import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An authority and a certificate of it for 127.0.0.1 and localhost, in PEM. */
export interface TlsAuthority {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** Makes an authority that nobody knew before, with the openssl of the machine. */
export function tlsAuthority(names = 'IP:127.0.0.1,DNS:localhost'): TlsAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-tls-'))
  const path = (name: string) => join(folder, name)
  try {
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl([
      'req',
      '-x509',
      ...fresh,
      '-keyout',
      path('ca.key'),
      '-out',
      path('ca.pem'),
      '-subj',
      '/CN=Test authority',
      '-days',
      '2',
    ])
    openssl([
      'req',
      ...fresh,
      '-keyout',
      path('key'),
      '-out',
      path('csr'),
      '-subj',
      '/CN=mail server',
    ])
    writeFileSync(path('ext'), `subjectAltName=${names}\n`)
    const issue = [
      'x509',
      '-req',
      '-in',
      path('csr'),
      '-CA',
      path('ca.pem'),
      '-CAkey',
      path('ca.key'),
    ]
    openssl([
      ...issue,
      '-CAcreateserial',
      '-out',
      path('pem'),
      '-days',
      '2',
      '-extfile',
      path('ext'),
    ])
    const read = (name: string) => readFileSync(path(name), 'utf8')
    return { authority: read('ca.pem'), certificate: read('pem'), key: read('key') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function openssl(args: readonly string[]): void {
  const run = spawnSync('openssl', args)
  if (run.status !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${run.stderr.toString()}`)
}
