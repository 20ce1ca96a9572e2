import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '#client/random.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  signNote,
  verifierOf,
} from '#core/log/note.ts'
import { closeServer, type Listening, listen } from '#entry/listen.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { jsonOf, type Ran, runHere, scratch } from '#test/helpers/command-line.ts'
import { type Lie, lyingServer } from '#test/helpers/liar.ts'
import { idOf } from '#test/helpers/notices.ts'
import { type ForgedLog, forgeLog, forgeRecord, today } from '#test/helpers/operator.ts'
import { DirectorySchema } from '#wire/answers.ts'

const LOG_SEED = new Uint8Array(32).fill(5)
const HOUR = 3600

const folder = scratch()
let coalition: Coalition
let listening: Listening
/** What the server lies about now, and which paths it was asked for. */
let lies: readonly Lie[] = []
let asked: string[] = []
let homes = 0
let home = ''

beforeAll(async () => {
  coalition = await foundCoalition({ logSeed: LOG_SEED })
  const fetch = async (request: Request) => {
    asked.push(new URL(request.url).pathname)
    return await lyingServer(coalition, ...lies)(request)
  }
  listening = await listen({ fetch }, { host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await closeServer(listening.server)
  await coalition.close()
  folder.clear()
})
beforeEach(() => {
  lies = []
  asked = []
  homes += 1
  home = join(folder.path, `home-${String(homes)}`)
})

async function invite(): Promise<void> {
  const tokens = [sha256Hex(systemRandom(32))]
  idOf(await coalition.submit('mailbox.invite', { tokens }, threeOf(coalition).contoso))
}

function watch(...options: readonly string[]): readonly string[] {
  const { genesis } = coalition.ports
  const line = `log watch --party contoso.example --server ${listening.url} --origin ${ORIGIN} --genesis ${genesis} --home ${home}`
  return [...line.split(' '), ...options.filter((word) => word !== '')]
}

/** Looks once, so many hours after now. */
async function look(options = '', hours = 0): Promise<Ran & { alerts: Record<string, unknown>[] }> {
  const ran = await runHere(watch('--once', ...options.split(' ')), {
    cwd: folder.path,
    now: () => coalition.clock.now() + hours * HOUR,
  })
  return { ...ran, alerts: linesOf(ran.out) }
}

function linesOf(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => jsonOf({ code: 0, out: line, err: '' }))
}

/** Another log, signed by the same key. */
function fork(size: number): ForgedLog {
  return forgeLog(
    LOG_SEED,
    Array.from({ length: size }, () =>
      forgeRecord({
        act: sha256Hex(systemRandom(32)),
        day: today(coalition),
        event: 'adopted',
        signatures: [],
      }),
    ),
  )
}

function showing({ note, tile }: ForgedLog): readonly Lie[] {
  return [
    { about: /^\/log\/checkpoint/, tell: () => new Response(note) },
    {
      about: /^\/log\/tile\/0\//,
      tell: (_, { url }) => {
        const width = Number(/\.p\/(\d+)$/.exec(url)?.[1] ?? '256')
        return new Response(Uint8Array.from(tile.subarray(0, width * 32)))
      },
    },
  ]
}

async function sizeNow(): Promise<number> {
  return (await coalition.ports.storage.latestCheckpoint())?.size ?? 0
}

describe('watching an honest log', () => {
  test('says nothing, and reads what is new alone', async () => {
    await invite()
    expect(await look()).toMatchObject({ code: 0, out: '', err: '' })
    asked = []
    expect(await look()).toMatchObject({ code: 0, out: '' })
    expect(asked.filter((path) => /\/(?:tile|addenda)\//.test(path))).toEqual([])
    await invite()
    asked = []
    expect(await look()).toMatchObject({ code: 0, out: '' })
    expect(asked.filter((path) => path.includes('/addenda/'))).toHaveLength(1)
  })

  test('tells when nothing moves for too long', async () => {
    expect(await look('--stale 4')).toMatchObject({ code: 0 })
    expect(await look('--stale 4', 3)).toMatchObject({ code: 0 })
    const stale = await look('--stale 4', 5)
    expect([stale.code, stale.alerts.map(({ alert }) => alert)]).toEqual([6, ['stale']])
    await invite()
    expect(await look('--stale 4', 5)).toMatchObject({ code: 0 })
  })

  test('tells of an act in the name of the party until it is accepted', async () => {
    const { contoso } = threeOf(coalition)
    const second = await companyKey(contoso.domain, 'second')
    const challenge = await coalition.challenge(second.key, second.certificateBytes, 'officer')
    const body = { certificate: second.certificate, challenge, duties: ['reporter'] } as const
    const act = idOf(await coalition.submit('officer.add', body, contoso))
    const first = await look()
    expect([first.code, first.alerts]).toMatchObject([
      5,
      [{ alert: 'unknown', act, type: 'officer.add' }],
    ])
    // It is told at each look, also where the log has nothing new.
    expect((await look()).alerts).toMatchObject([{ alert: 'unknown', act }])
    expect(await look(`--accept ${act}`)).toMatchObject({ code: 0, out: '' })
    expect(await look()).toMatchObject({ code: 0, out: '' })
  })

  test('runs a command for each alert, with the line on its standard input', async () => {
    const heard = join(folder.path, 'heard')
    writeFileSync(join(folder.path, 'hook.sh'), `cat >> ${heard}\nexit 3\n`)
    const ran = await runHere(
      [...watch('--once'), '--exec', `sh ${join(folder.path, 'hook.sh')}`],
      {
        cwd: folder.path,
        now: () => coalition.clock.now(),
      },
    )
    expect(ran.code).toBe(5)
    expect(readFileSync(heard, 'utf8')).toBe(ran.out)
    expect(ran.err).toContain('--exec ended with 3')
  })
})

describe('watching a log that is forked', () => {
  test.each([0, 2])(
    'a fork that is %i entries longer is told with evidence that anybody can check',
    async (longer) => {
      await look()
      lies = showing(fork((await sizeNow()) + longer))
      const ran = await look()
      expect(ran.code).toBe(5)
      expect(ran.alerts).toMatchObject([
        { alert: 'log-refused', reason: 'checkpoint-inconsistent' },
      ])
      const file = String(ran.alerts[0]?.['evidence'])
      const checked = await runHere(['log', 'evidence', file, '--json', '--home', home])
      expect([checked.code, jsonOf(checked)]).toMatchObject([0, { kind: 'fork' }])
      // The same fork is the same file; and the honest log is believed again.
      expect((await look()).alerts[0]?.['evidence']).toBe(file)
      lies = []
      expect((await look()).alerts.map(({ alert }) => alert)).not.toContain('log-refused')
      const text = readFileSync(file, 'utf8')
      const broken = join(folder.path, `broken-${String(longer)}.json`)
      writeFileSync(broken, text.replace(/"shown": "coalition/, '"shown": "another'))
      expect((await runHere(['log', 'evidence', broken, '--home', home])).code).toBe(5)
    },
  )

  test('a fork without the tiles that would show it is told, and its evidence says what it lacks', async () => {
    await look()
    const [checkpoint] = showing(fork((await sizeNow()) + 1))
    const lacking: Lie = {
      about: /^\/log\/tile/,
      tell: async () => await coalition.app.request('/log/tile/0/000'),
    }
    lies = checkpoint === undefined ? [] : [checkpoint, lacking]
    const ran = await look()
    expect([ran.code, ran.alerts[0]?.['reason']]).toEqual([5, 'checkpoint-inconsistent'])
    const file = String(ran.alerts[0]?.['evidence'])
    const checked = await runHere(['log', 'evidence', file, '--json', '--home', home])
    expect([checked.code, jsonOf(checked)]).toMatchObject([5, { kind: 'unproven' }])
  })

  test('evidence out of one honest history is none', async () => {
    await look()
    const earlier = (await coalition.ports.storage.latestCheckpoint())?.note ?? ''
    await invite()
    const later = (await coalition.ports.storage.latestCheckpoint())?.note ?? ''
    lies = showing(fork((await sizeNow()) + 1))
    const file = String((await look()).alerts[0]?.['evidence'])
    const evidence = jsonOf({ code: 0, out: readFileSync(file, 'utf8'), err: '' })
    const honest = join(folder.path, 'honest.json')
    writeFileSync(honest, JSON.stringify({ ...evidence, seen: earlier, shown: later }))
    // The proof is of the forged tree.
    expect((await runHere(['log', 'evidence', honest, '--home', home])).code).toBe(5)
    writeFileSync(honest, JSON.stringify({ ...evidence, seen: later, shown: later }))
    const same = await runHere(['log', 'evidence', honest, '--home', home])
    expect([same.code, same.err]).toEqual([4, expect.stringContaining('one tree')])
  })

  test('an older log is told', async () => {
    await look()
    lies = showing(fork(2))
    const ran = await look()
    expect([ran.code, ran.alerts]).toMatchObject([5, [{ reason: 'checkpoint-older' }]])
    expect(existsSync(String(ran.alerts[0]?.['evidence']))).toBe(true)
  })
})

test('evidence that a stranger signed with a key of their own proves nothing against the log', async () => {
  await look()
  const stranger = { name: ORIGIN, seed: new Uint8Array(32).fill(77) }
  const vkey = formatVkey(verifierOf(stranger, KEY_TYPE_ED25519))
  const [seen, shown] = [1, 2].map((fill) => {
    const root = new Uint8Array(32).fill(fill)
    const text = formatCheckpoint({ origin: ORIGIN, size: 9, root })
    return formatNote({ text, signatures: [signNote(text, stranger)] })
  })
  const file = join(folder.path, 'strangers.json')
  writeFileSync(file, JSON.stringify({ v: 1, log_keys: [vkey], seen, shown }))
  const pinned = await runHere(['log', 'evidence', file, '--json', '--home', home])
  expect([pinned.code, jsonOf(pinned)['refused']]).toEqual([5, 'note-unsigned'])
  const given = await runHere(['log', 'evidence', file, '--json', '--known-key', vkey])
  expect([given.code, jsonOf(given)]).toMatchObject([0, { kind: 'fork', log_keys: [vkey] }])
})

test('new entries that do not give the signed root are told, and not remembered', async () => {
  const flipping: Lie = {
    about: /^\/log\/tile\/entries\//,
    tell: async (honest) => {
      const bytes = new Uint8Array(await honest.arrayBuffer())
      return new Response(bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)))
    },
  }
  lies = [flipping]
  const ran = await look()
  expect([ran.code, ran.alerts]).toMatchObject([5, [{ reason: 'checkpoint-inconsistent' }]])
  lies = []
  expect((await look()).alerts.map(({ alert }) => alert)).not.toContain('log-refused')
})

test('a record that is withheld from the chain is told, and that the log has it', async () => {
  const { contoso } = threeOf(coalition)
  const third = await companyKey(contoso.domain, 'third')
  const challenge = await coalition.challenge(third.key, third.certificateBytes, 'officer')
  const body = { certificate: third.certificate, challenge, duties: ['reporter'] } as const
  const before = await coalition.ask('/api/directory')
  const act = idOf(await coalition.submit('officer.add', body, contoso))
  const served = DirectorySchema.parse(before.body)
  const withholding: Lie = {
    about: /^\/api\/directory/,
    tell: (_, { url }) => {
      const after = Number(new URL(url).searchParams.get('after') ?? '0')
      return Response.json({ ...served, chain: served.chain.slice(after) })
    },
  }
  lies = [withholding]
  const ran = await look(`--accept ${act}`)
  const kinds = ran.alerts.map(({ alert }) => alert)
  expect([ran.code, kinds]).toMatchObject([
    5,
    expect.arrayContaining(['withheld', 'outside-chain']),
  ])
  // It stays told where the log has nothing new.
  expect((await look()).alerts.map(({ alert }) => alert)).toEqual(kinds)
})

test('it goes on until it is stopped, tells each alert once, and silence that lasts', async () => {
  const stop = new AbortController()
  let looks = 0
  const counted: Lie = {
    about: /^\/api\/directory/,
    tell: (honest) => {
      looks += 1
      return looks > 3 ? new Response('', { status: 500 }) : honest
    },
  }
  lies = [counted]
  const running = runHere(watch('--every', '1'), {
    cwd: folder.path,
    now: () => coalition.clock.now(),
    signal: stop.signal,
  })
  await expect.poll(() => looks, { timeout: 25_000 }).toBeGreaterThan(8)
  stop.abort()
  const ran = await running
  expect(ran.code).toBe(0)
  const told = linesOf(ran.out).map((alert) => JSON.stringify({ ...alert, at: '' }))
  expect(new Set(told).size).toBe(told.length)
  expect(ran.out).toContain('"unreachable"')
})

// The last one: from here on the log is published with cosignatures alone, which nobody makes.
test('a log that is shown with too few cosignatures is told', async () => {
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const { charter } = await coalition.ports.directory.current()
  if (charter === undefined) throw new Error('there is no charter')
  const keys = [7, 8].map((n) => {
    const seed = new Uint8Array(32).fill(n)
    return formatVkey(verifierOf({ name: `witness-${String(n)}`, seed }, KEY_TYPE_COSIGNATURE))
  })
  const amended = { ...charter, witnesses: { keys, quorum: 2 } }
  idOf(await coalition.submit('charter.amend', amended, contoso, fabrikam, litware))
  const signed = (await coalition.ports.storage.latestCheckpoint())?.note ?? ''
  lies = [{ about: /^\/log\/checkpoint/, tell: () => new Response(signed) }]
  const ran = await look()
  expect(ran.alerts).toContainEqual(
    expect.objectContaining({ alert: 'quorum-missing', witnessed: 0, quorum: 2 }),
  )
})
