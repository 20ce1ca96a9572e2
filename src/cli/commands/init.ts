import { rmSync } from 'node:fs'
import { generateOfficerKey, unlockKey } from '#client/openpgp.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { readCertificate } from '#core/openpgp.ts'
import { writeArmor } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { domain as dnsName } from '#wire/fields.ts'
import { writeOut } from '#cli/files.ts'
import { type Home, withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { keyName, keySigner, type Signer } from '#cli/signer.ts'
import { shippedTemplates } from '#cli/templates.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { pinCoalition } from '#client/pins.ts'
import { fetchDirectory } from '#client/directory.ts'
import { openApi } from '#client/http.ts'
import { keepServer, pinStore } from '#cli/connection.ts'
import { composeCharter, SOLO_QUORUMS, type Terms } from './charter.ts'
import { choosePassphrase } from './key.ts'
import { dataFolder, notMade, PROVISIONAL_ORIGIN, withServerFolder } from './serve.ts'
import { readId } from './party.ts'

const DEFAULT_SERVER = 'http://127.0.0.1:8787'

/** `init` */
export const init: Command = async (call) => {
  const { args } = call
  const genesis = args.maybe('genesis')
  const solo = args.maybe('solo')
  // Looked at before anything is made: a name that is none would leave keys behind that belong to nothing.
  for (const option of ['solo', 'origin'] as const) requireName(option, args.maybe(option))
  if (genesis !== undefined && solo !== undefined)
    throw new UsageError('--genesis and --solo exclude each other')
  if (solo !== undefined) return await foundSolo(call, solo)
  return await withServerFolder(call, async () =>
    genesis === undefined ? await makeServer(call) : await acceptCharter(call, readId(genesis)),
  )
}

function requireName(option: string, name: string | undefined): void {
  if (name !== undefined && !dnsName.safeParse(name).success) {
    throw new UsageError(
      `--${option} is not a DNS name in lower case, such as notices.contoso.example`,
    )
  }
}

async function acceptCharter(call: Call, genesis: string): Promise<Result<Output>> {
  const { isServerHome, readServerHome, setGenesis } = await import('#entry/home.ts')
  const data = dataFolder(call)
  if (!isServerHome(data)) throw new FileError(`there is no server in ${data}`)
  const known = readServerHome(data).file.genesis
  if (known !== undefined && known !== genesis)
    throw new FileError(`the server in ${data} has another charter already`)
  setGenesis(data, genesis)
  return accept(
    say([`the server in ${data} accepts the charter`, genesis, 'and no other'], { genesis, data }),
  )
}

async function makeServer(call: Call): Promise<Result<Output>> {
  const terms = await createTerms(call)
  const text = `${JSON.stringify(terms, undefined, 2)}\n`
  const path = writeOut(call, text)
  return accept(
    say([path === undefined ? text.trimEnd() : `terms for the charter written to ${path}`], terms),
  )
}

/** Makes the folder and tells what the charter says about it. A folder that `serve` made by itself, without a charter, is made anew. */
async function createTerms(call: Call): Promise<Terms> {
  const { createServerHome, isServerHome, readServerHome, serverPaths } = await import(
    '#entry/home.ts'
  )
  const data = dataFolder(call)
  if (isServerHome(data)) {
    const { file } = readServerHome(data)
    if (file.genesis !== undefined || file.origin !== PROVISIONAL_ORIGIN)
      throw new FileError(`there is a server in ${data} already`)
    rmSync(serverPaths(data).serverFile)
  }
  return {
    ...(await createServerHome(data, { origin: call.args.text('origin') }).catch(notMade)),
    templates: (await shippedTemplates()).map(({ hash }) => hash),
  }
}

/** A coalition of one company: everything that founders do, done at once, with the same checks by the same server. */
async function foundSolo(call: Call, domain: string): Promise<Result<Output>> {
  return await withHome(call, async (home) => {
    const name = domain.replaceAll('.', '-')
    if (home.read('keys', keyName(name)) !== undefined)
      throw new UsageError(`there is a key ${name} in ${home.folder} already`)
    const signer = await makeKey(call, home, { domain, name })
    if (!signer.ok) return signer
    // The server that adopts the charter takes the folder for itself.
    const terms = await withServerFolder(call, async () => await createTerms(call))
    const founder = {
      domain,
      officers: [{ certificate: base64(signer.value.certificate), duties: DUTIES }],
    }
    const payload = composeCharter(terms, {
      founders: [founder],
      quorums: SOLO_QUORUMS,
      templates: [],
      witnesses: { keys: [], quorum: 0 },
      now: call.io.now(),
    })
    const parsed = parseAct(payload)
    if (!parsed.ok) return parsed
    const signature = await signer.value.sign(payload)
    if (!signature.ok) return signature
    const { setGenesis } = await import('#entry/home.ts')
    setGenesis(dataFolder(call), parsed.value.id)
    const coalition = { origin: terms.origin, genesis: parsed.value.id }
    const adopted = await adopt(call, home, { payload, signature: signature.value, coalition })
    return adopted.ok
      ? accept(
          describe(call, { ...coalition, domain, name, fingerprint: signer.value.fingerprint }),
        )
      : adopted
  })
}

async function makeKey(
  call: Call,
  home: Home,
  named: { domain: string; name: string },
): Promise<Result<Signer>> {
  const passphrase = await choosePassphrase(call, `key ${named.name}`)
  if (!passphrase.ok) return passphrase
  const userId = { name: call.args.maybe('name') ?? named.domain }
  const key = await generateOfficerKey({ userId, date: call.io.now(), ...passphrase.value })
  const certificate = await readCertificate(key.publicBytes)
  if (!certificate.ok) return certificate
  const unlocked = await unlockKey(key.privateArmored, passphrase.value.passphrase)
  if (!unlocked.ok) return unlocked
  home.writeNew('keys', keyName(named.name), key.privateArmored)
  home.write('keys', `${named.name}.pub.asc`, writeArmor('PGP PUBLIC KEY BLOCK', key.publicBytes))
  home.write('keys', `${named.name}.revocation.asc`, key.revocationArmored)
  return accept(keySigner(unlocked.value))
}

/** Starts the server for a moment on a port of its own and brings it the charter, like every founder. */
async function adopt(
  call: Call,
  home: Home,
  charter: {
    payload: Uint8Array
    signature: string
    coalition: { origin: string; genesis: string }
  },
): Promise<Result<void>> {
  const [{ startServer }, { readEnvironment }] = await Promise.all([
    import('#entry/node.ts'),
    import('#entry/config.ts'),
  ])
  const config = readEnvironment({ ...call.io.env, DUNANT_HOST: '127.0.0.1', DUNANT_PORT: '0' })
  const server = await startServer({ home: dataFolder(call), config, log: () => undefined })
  try {
    const api = openApi({ url: server.url })
    const submitted = await api.submitAct({
      payload: charter.payload,
      signatures: [charter.signature],
    })
    if (!submitted.ok) return submitted
    if (submitted.value.status !== 'effective') return refuse('founder-missing')
    const pins = pinStore(home)
    const pinned = await pinCoalition(pins, charter.coalition)
    if (!pinned.ok) return pinned
    const replay = await fetchDirectory(api, pins)
    if (!replay.ok) return replay
    const url = call.args.maybe('server') ?? DEFAULT_SERVER
    keepServer({ api, url, home, pins, coalition: charter.coalition, now: call.io.now() })
    return accept(undefined)
  } finally {
    await server.close()
  }
}

function describe(
  call: Call,
  made: { origin: string; genesis: string; domain: string; name: string; fingerprint: string },
): Output {
  const data = call.args.maybe('data')
  const serve = data === undefined ? 'dunant serve' : `dunant serve --data ${data}`
  const given = call.args.maybe('home')
  const home = given === undefined ? '' : ` --home ${given}`
  return say(
    [
      `${made.origin} is founded: a coalition of ${made.domain} alone.`,
      '',
      `genesis id  ${made.genesis}`,
      `your key    ${made.name} (${made.fingerprint})`,
      '',
      'Publish origin and genesis id on your own domain: customers pin them. Next:',
      `  ${serve}`,
      '  dunant notice draft --out first-notice',
      `  dunant notice file --customers first-notice/customers.csv --brief first-notice/brief.json --out product --key ${made.name}${home}`,
    ],
    { ...made, server: call.args.maybe('server') ?? DEFAULT_SERVER },
  )
}
