import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '#core/hash.ts'
import { signCosignature } from '#core/log/cosignature.ts'
import {
  formatSignatureLine,
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  type NoteSigner,
  verifierOf,
} from '#core/log/note.ts'
import { parseAddCheckpoint } from '#core/log/witness.ts'
import { systemRandom } from '#client/random.ts'
import { threeOf } from '#test/helpers/coalition.ts'
import { idOf } from '#test/helpers/notices.ts'
import { toyLog } from '#test/helpers/toy-log.ts'
import { foundWitnessed, until, type Witnessed } from '#test/helpers/witnessed.ts'

// The charter names two honest witnesses and one that lies. Two are enough, and the liar must not be able to stop or to fool anybody.

const LIAR: NoteSigner = { name: 'liar.example', seed: new Uint8Array(32).fill(7) }
const STRANGER: NoteSigner = { name: 'liar.example', seed: new Uint8Array(32).fill(8) }
const FOREIGN = toyLog({ name: 'coalition.example', seed: new Uint8Array(32).fill(9) })

type Answer = (note: string, response: ServerResponse, request: IncomingMessage) => void

let answer: Answer = (_, response) => response.writeHead(500).end()
let liar: Server
let witnessed: Witnessed

beforeAll(async () => {
  liar = createServer((request, response) => {
    void text(request).then((body) => {
      const asked = parseAddCheckpoint(body)
      return answer(asked.ok ? asked.value.note.text : '', response, request)
    })
  })
  await new Promise<void>((resolve) => {
    liar.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = liar.address() as AddressInfo
  const vkey = formatVkey(verifierOf(LIAR, KEY_TYPE_COSIGNATURE))
  const others = [{ vkey, url: `http://127.0.0.1:${String(port)}/` }]
  witnessed = await foundWitnessed({ honest: 2, quorum: 2, others })
})
afterAll(async () => {
  await witnessed.close()
  liar.closeAllConnections()
  await new Promise((resolve) => liar.close(resolve))
})

function line(over: string, signer = LIAR): string {
  const signature = signCosignature({ text: over, timeSeconds: 1_800_000_000 }, signer)
  return `${formatSignatureLine(signature)}\n`
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('— liar.example AAAA\n'.repeat(500)));
  }
  response.on('drain', more)
  more()
}

/** Has an act logged and witnessed while the liar lies, and waits for a line that the server then writes. */
async function hears(lie: Answer, wanted: string): Promise<void> {
  answer = lie
  const before = witnessed.events.length
  const coalition = witnessed.coalition()
  const { contoso } = threeOf(coalition)
  const tokens = [sha256Hex(systemRandom(32))]
  idOf(await coalition.submit('mailbox.invite', { tokens }, contoso))
  const fresh = (word: string): string | undefined =>
    witnessed.events.slice(before).find((event) => event.includes(word))
  await until(() => fresh('"checkpoint_signed"') !== undefined)
  const [, size = ''] = /"treeSize":(\d+)/.exec(fresh('"checkpoint_signed"') ?? '') ?? []
  const collected = (cosigned: number): string =>
    `"cosignatures_collected","treeSize":${size},"cosigned":${String(cosigned)},`
  await until(() => (fresh(collected(2)) ?? fresh(collected(3))) !== undefined)
  await until(() => fresh(wanted) !== undefined)
}

const LIES: Readonly<Record<string, readonly [string, Answer]>> = {
  'a signature over another tree': [
    'cosignature-wrong',
    (_, response) => response.end(line(FOREIGN.note(3).text)),
  ],
  'a signature by another key of the same name': [
    'cosignature-missing',
    (note, response) => response.end(line(note, STRANGER)),
  ],
  'a good line and a bad one': [
    'cosignature-wrong',
    (note, response) => response.end(line(note) + line(FOREIGN.note(3).text)),
  ],
  'words in place of a signature': ['answer-malformed', (_, response) => response.end('OK\n')],
  nothing: ['answer-malformed', (_, response) => response.end()],
  'an answer without end': ['answer-malformed', (_, response) => endless(response)],
  'a size that is none': [
    'answer-malformed',
    (_, response) => response.writeHead(409, { 'Content-Type': 'text/x.tlog.size' }).end('many\n'),
  ],
  'a fault': ['refused', (_, response) => response.writeHead(500).end('fault')],
  'another address': [
    'refused',
    (_, response, { url }) => response.writeHead(307, { Location: `/elsewhere${url ?? ''}` }).end(),
  ],
  'a connection that breaks': ['unreachable', (_, response) => response.destroy()],
  'a larger log that it cannot show': [
    'claim-unproven',
    (_, response, { method }) =>
      method === 'POST'
        ? response.writeHead(409, { 'Content-Type': 'text/x.tlog.size' }).end('999999\n')
        : response.writeHead(404).end(),
  ],
  'a fork that another key has signed': [
    'claim-unproven',
    (_, response, { method }) =>
      method === 'POST'
        ? response.writeHead(422).end()
        : response.end(`${FOREIGN.note(9).text}\n${line(FOREIGN.note(9).text)}`),
  ],
}

const HONEST: Answer = (note, response) => response.end(line(note, STRANGER) + line(note))

test.each(Object.entries(LIES))(
  'a witness that answers with %s is reported, and the others count',
  async (_, [reason, lie]) => {
    await hears(lie, `"witness":"liar.example","reason":"${reason}"`)
  },
)

test('once it tells the truth it is counted, whatever else it sends along', async () => {
  await hears(HONEST, '"cosigned":3')
  expect(witnessed.events.some((one) => one.includes('log_contradicted'))).toBe(false)
})
