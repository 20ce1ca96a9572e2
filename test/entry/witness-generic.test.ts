import { spawn } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHECKPOINT_TEXT, EXAMPLE, LOG_LINE } from '#test/core/log/worked-example.ts'
import { program } from '#test/helpers/command-line.ts'
import { witnessFolder } from '#test/helpers/witnesses.ts'

// A client that knows C2SP tlog-witness alone: bytes over HTTP, hashes and Ed25519 of the platform, and none of our code.

const folder = witnessFolder('witness.example/generic', [EXAMPLE.logVkey])

beforeAll(() => {
  program()
})
afterAll(() => folder.clear())

/** The parts of a verifier key: name, key id, and the 32 bytes of an Ed25519 key after its type. */
function partsOf(vkey: string): { name: string; id: string; type: number; key: Buffer } {
  const [name = '', id = '', ...rest] = vkey.split('+')
  const typed = Buffer.from(rest.join('+'), 'base64')
  return { name, id, type: typed[0] ?? -1, key: typed.subarray(1) }
}

test('a witness of the command line and a generic client agree on the checkpoint of the worked example', async () => {
  const args = [program(), 'witness', '--data', folder.home, '--port', '0', '--quiet', '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  const line = await new Promise<string>((found) => {
    createInterface(child.stdout).once('line', found)
  })
  const [, url = '', vkey = ''] = /"url":"([^"]+)","vkey":"([^"]+)"/.exec(line) ?? []
  const before = Math.floor(Date.now() / 1000)
  const answer = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: `old 0\n\n${CHECKPOINT_TEXT}\n${LOG_LINE}\n`,
  })
  expect(answer.status).toBe(200)
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)\n$/.exec(await answer.text()) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  const key = partsOf(vkey)
  expect([name, key.type, bytes.length]).toEqual([key.name, 4, 4 + 8 + 64])
  const id = createHash('sha256').update(`${name}\n`).update(Buffer.of(4)).update(key.key).digest()
  expect(bytes.subarray(0, 4)).toEqual(id.subarray(0, 4))
  expect(key.id).toBe(id.subarray(0, 4).toString('hex'))
  const time = Number(bytes.readBigUInt64BE(4))
  expect(time).toBeGreaterThanOrEqual(before)

  const x = key.key.toString('base64url')
  const publicKey = createPublicKey({ key: { crv: 'Ed25519', kty: 'OKP', x }, format: 'jwk' })
  const holds = (text: string): boolean =>
    verify(
      null,
      Buffer.from(`cosignature/v1\ntime ${String(time)}\n${text}`),
      publicKey,
      bytes.subarray(12),
    )
  expect(holds(CHECKPOINT_TEXT)).toBe(true)
  expect(holds(CHECKPOINT_TEXT.replace('\n3\n', '\n4\n'))).toBe(false)

  // Whoever monitors it finds the same checkpoint, and no second one begins at 0.
  const origin = createHash('sha256').update(EXAMPLE.log.name).digest('hex')
  const shown = await (await fetch(`${url}/${origin}/checkpoint`)).text()
  expect(shown.startsWith(`${CHECKPOINT_TEXT}\n${LOG_LINE}\n`)).toBe(true)
  const again = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: `old 0\n\n${CHECKPOINT_TEXT}\n${LOG_LINE}\n`,
  })
  expect([again.status, again.headers.get('content-type'), await again.text()]).toEqual([
    409,
    'text/x.tlog.size',
    '3\n',
  ])
  child.kill('SIGTERM')
  await ended
})
