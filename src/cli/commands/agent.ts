import { existsSync } from 'node:fs'
import { FileError } from '#agent/file-error.ts'
import { privateFolder } from '#agent/files.ts'
import { formatWebhookKey } from '#client/webhook.ts'
import { accept } from '#core/result.ts'
import { CLIENT_SCOPES, type ClientScope } from '#wire/agent.ts'
import { pathOf, readText, writeOut } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { openKey } from '#cli/signer.ts'
import { shippedTemplates } from '#cli/templates.ts'
import { UsageError } from '#cli/usage-error.ts'
import { explain, notMade, setting, untilStopped } from './serve.ts'

const DEFAULT_PORT = 8790

/** `agent init` */
export const init: Command = async (call) => {
  const { createAgentHome } = await import('#entry/agent-home.ts')
  const { args } = call
  const data = folderOf(call)
  const certificate = args.maybe('archive-certificate')
  const archiveCertificate =
    certificate === undefined ? undefined : await readText(call, certificate)
  privateFolder(data)
  try {
    createAgentHome(data, {
      party: args.text('party'),
      server: args.text('server'),
      origin: args.text('origin'),
      genesis: args.text('genesis'),
      ...(archiveCertificate === undefined ? {} : { archiveCertificate }),
    })
  } catch (error) {
    notMade(error)
  }
  return accept(
    say(
      [
        data,
        '',
        `Put an officer's key at ${data}/keys/reporter.asc, make a key for each of your systems with`,
        'dunant agent client, and start the agent with: dunant agent serve',
      ],
      { folder: data },
    ),
  )
}

/** `agent serve` */
export const serve: Command = async (call) => {
  const { args, io } = call
  const [{ startAgent }, { agentPaths, readAgentHome }] = await Promise.all([
    import('#entry/agent.ts'),
    import('#entry/agent-home.ts'),
  ])
  const home = existing(call, (await import('#entry/agent-home.ts')).isAgentHome)
  const named = args.maybe('keys')
  const keys = named === undefined ? undefined : pathOf(call, named)
  setting(() => readAgentHome(home, keys))
  const file = args.maybe('key') ?? agentPaths(home, keys).reporterKey
  const key = await openKey(call, file, openPassphrases(call))
  if (!key.ok) return key
  privateFolder(home)
  const agent = await startAgent({
    home,
    keys,
    key: key.value,
    port: args.count('port') ?? DEFAULT_PORT,
    templates: await shippedTemplates(),
    log: (line) => {
      if (!args.flag('quiet')) io.stderr.write(`${line}\n`)
    },
  }).catch(explain)
  io.stdout.write(
    args.flag('json')
      ? `${JSON.stringify({ url: agent.url })}\n`
      : `The agent answers your own systems at ${agent.url}\n`,
  )
  await untilStopped(io)
  await agent.close()
  return accept({ text: '', value: undefined })
}

/** `agent client` */
export const client: Command = async (call) => {
  const { addAgentClient, isAgentHome } = await import('#entry/agent-home.ts')
  const home = existing(call, isAgentHome)
  const scopes = call.args.list('may').map(readScope)
  if (scopes.length === 0) throw new UsageError(`--may is missing: ${CLIENT_SCOPES.join(', ')}`)
  const text = setting(() => addAgentClient(home, call.args.argument(0), scopes))
  const out = writeOut(call, text)
  return accept(say([out ?? text.trim()], out === undefined ? JSON.parse(text) : { file: out }))
}

/** `agent hook` */
export const hook: Command = async (call) => {
  const { addAgentHook, isAgentHome } = await import('#entry/agent-home.ts')
  const home = existing(call, isAgentHome)
  const [name, url] = [call.args.argument(0), call.args.text('url')]
  const secret = formatWebhookKey(setting(() => addAgentHook(home, { name, url })))
  return accept(say([secret], { name, url, secret }))
}

function readScope(named: string): ClientScope {
  const scope = CLIENT_SCOPES.find((known) => known === named)
  if (scope === undefined) throw new UsageError(`--may is one of ${CLIENT_SCOPES.join(', ')}`)
  return scope
}

function folderOf(call: Call): string {
  return pathOf(call, call.args.maybe('data') ?? '.dunant-agent')
}

function existing(call: Call, isHome: (home: string) => boolean): string {
  const home = folderOf(call)
  if (!existsSync(home) || !isHome(home))
    throw new FileError(`there is no agent in ${home}: dunant agent init makes one`)
  return home
}
