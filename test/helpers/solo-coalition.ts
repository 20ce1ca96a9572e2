import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import {
  type Ran,
  runHere,
  scratch,
  type ServedFolder,
  serveFolder,
  type Surroundings,
  textOf,
} from './command-line.ts'

/** The one company of the coalition. */
export const COMPANY = 'contoso.example'
/** The name of its coalition. */
export const SOLO_ORIGIN = 'notices.contoso.example'

/** A coalition of one, founded and served by the program itself, with homes of its people side by side. */
export interface SoloCoalition {
  readonly genesis: string
  readonly server: ServedFolder
  /** What running `init` again on the founded folder came to: anew, and with another charter. */
  readonly madeAnew: readonly Ran[]
  /** A path in the folder of the test. */
  path(name: string): string
  /** Runs a command line, written with single spaces, in the home of somebody. */
  dunant(home: string, line: string): Promise<Ran>
  /** The same as the company's officer. */
  company(line: string): Promise<Ran>
  close(): Promise<void>
}

/** Founds and serves a coalition of one; the folder of the surroundings is named within that of the test. */
export async function openSolo(around?: Surroundings): Promise<SoloCoalition> {
  const folder = scratch()
  const path = (name: string) => join(folder.path, name)
  const env = { DUNANT_PASSPHRASE_FILE: path('passphrase') }
  writeFileSync(env.DUNANT_PASSPHRASE_FILE, 'correct horse\n')
  const dunant: SoloCoalition['dunant'] = async (home, line) =>
    await runHere([...line.split(' '), '--home', path(home), '--json'], { cwd: folder.path, env })
  const data = `--data ${path('server')}`
  const founded = await accepted(
    dunant('company', `init --solo ${COMPANY} --origin ${SOLO_ORIGIN} ${data}`),
  )
  const madeAnew = [
    await dunant('company', `init --origin ${SOLO_ORIGIN} ${data}`),
    await dunant('company', `init --genesis ${'ab'.repeat(32)} ${data}`),
  ]
  const server = await serveFolder(
    path('server'),
    around === undefined ? undefined : { ...around, folder: path(around.folder) },
  )
  await accepted(dunant('company', `directory pin --server ${server.url}`))
  return {
    genesis: textOf(founded, 'genesis'),
    server,
    madeAnew,
    path,
    dunant,
    company: async (line) => await dunant('company', `${line} --key contoso-example`),
    close: async () => {
      expect(await server.stop()).toBe(0)
      folder.clear()
    },
  }
}

/** Expects a command line to end with this code and without a word of complaint. */
export async function accepted(ran: Promise<Ran>, code = 0): Promise<Ran> {
  const done = await ran
  expect({ code: done.code, err: done.err }).toEqual({ code, err: '' })
  return done
}

/** Makes a draft of a notice in the folder `draft`, with everything in it that the company has to write. */
export async function draftNotice(solo: SoloCoalition): Promise<void> {
  await accepted(solo.dunant('company', `notice draft --out ${solo.path('draft')}`))
  const brief = solo.path('draft/brief.json')
  const text = readFileSync(brief, 'utf8')
  writeFileSync(brief, text.replace('WRITE YOUR OWN NUMBER HERE', '+41 22 555 01 02'))
}
