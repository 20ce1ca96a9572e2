import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { brokenThreats, missingFiles, missingScripts, missingTests } from './tidy/documents.ts'
import { brokenLayers, climbingImports, eagerServer, strayOpenpgp } from './tidy/layers.ts'
import { badNames, barrels, longFiles, undocumented } from './tidy/shape.ts'
import { importsOf, isCode, readSource, type SourceFile } from './tidy/source.ts'
import { bannedWords } from './tidy/words.ts'

const files = readSource(['src', 'test', 'migrations', 'scripts', 'templates', 'keys', '.ci'])
const documents = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md'].map(read)
const repository = { files, scripts: scriptNames() }

/** Every rule about files, with faults that it must find, each in a file of its own. */
const RULES: readonly {
  name: string
  rule: (files: readonly SourceFile[]) => string[]
  faults: Readonly<Record<string, string>>
}[] = [
  {
    name: 'layers import only what they may',
    rule: brokenLayers,
    faults: {
      'src/core/a.ts': "import { z } from 'zod'",
      'src/core/b.ts': "import type { Storage } from '#ports/storage.ts'",
      'src/core/c.ts': "export { readFile } from 'node:fs/promises'",
      'src/core/d.ts': "import 'hono/jsx'",
      'src/wire/a.ts': "import { submitAct } from '#service/submit-act.ts'",
      'src/ports/a.ts': "import {\n  actSchema,\n  type Act,\n} from '#wire/act.ts'",
      'src/service/a.ts': "const { sql } = await import('kysely')",
      'src/http/a.ts': "import { openSqlite } from '#adapters/storage/sqlite.ts'",
      'src/adapters/a.ts': "import { Hono } from 'hono'",
      'src/client/a.ts': "import { readFileSync } from 'node:fs'",
      'src/browser/a.ts': "import { openMailbox } from '#cli/commands/mailbox.ts'",
      'src/cli/a.ts': "import { openSqlite } from '#adapters/storage/sqlite.ts'",
      'src/entry/a.ts': "import { D1Database } from '@cloudflare/workers-types'",
      'src/plugins/a.ts': '',
      'migrations/0001.ts': "import { hex } from '#core/bytes.ts'",
    },
  },
  {
    name: 'openpgp is imported in three files only',
    rule: strayOpenpgp,
    faults: {
      'src/core/notice.ts': "import { verify } from 'openpgp'",
      'src/adapters/storage/openpgp.ts': "import { readKey } from 'openpgp/lightweight'",
      'src/client/envelope.ts': "const { encrypt } = await import('openpgp')",
    },
  },
  {
    name: 'the command line loads server code only when it serves',
    rule: eagerServer,
    faults: { 'src/cli/main.ts': "import { serve } from '#entry/node.ts'" },
  },
  {
    name: 'imports never climb',
    rule: climbingImports,
    faults: {
      'src/core/log/leaf.ts': "import { hex } from '../bytes.ts'",
      'test/core/act.test.ts': "import { readAct } from '../../src/core/act.ts'",
    },
  },
  {
    name: 'no file uses a banned word',
    rule: bannedWords,
    faults: {
      'src/core/clock.ts': 'const now = Date.now()',
      'src/service/today.ts': 'const today = new Date()',
      'src/ports/dice.ts': 'const dice = Math.random()',
      'src/core/salt.ts': 'crypto.getRandomValues(salt)',
      'src/service/ask.ts': 'await fetch(url)',
      'src/http/print.ts': 'console.log(1)',
      'src/adapters/storage/env.ts': 'process.env.DATABASE_URL',
      'src/wire/view.ts': 'new DataView(bytes.buffer)',
      'src/client/decode.ts': "Buffer.from(text, 'base64')",
      'src/adapters/storage/rows.ts': "db.selectFrom('act').selectAll()",
      'src/browser/page.ts': 'element.innerHTML = text',
      'src/adapters/mail/smtp.ts': 'tls: { rejectUnauthorized: false }',
      'test/core/a.test.ts': 'x as any',
      'scripts/b.mjs': '// TODO later',
      'src/core/later.ts': '// Enough for now.',
      'test/core/only.test.ts': "test.only('this one', run)",
      'test/core/mock.test.ts': "vi.mock('#core/act.ts')",
    },
  },
  {
    name: 'every export that others build on says what it is',
    rule: undocumented,
    faults: {
      'src/core/a.ts': 'export function first() {}',
      'src/wire/b.ts': 'const x = 1\nexport const second = z.string()',
      'src/ports/c.ts': 'export interface Third {}',
      'src/service/d.ts': '/** Of something else. */\n\nexport async function fourth() {}',
      'src/http/e.ts': 'export type Fifth = string',
    },
  },
  {
    name: 'files stay short',
    rule: longFiles,
    faults: { 'src/core/long.ts': 'x\n'.repeat(401), 'test/long.test.ts': 'x\n'.repeat(500) },
  },
  {
    name: 'no file only passes on what others export',
    rule: barrels,
    faults: { 'src/core/index.ts': '', 'src/wire/all.ts': "export * from './act.ts'" },
  },
  {
    name: 'names are kebab-case and say something',
    rule: badNames,
    faults: {
      'src/core/canonicalJson.ts': '',
      'src/core/Merkle.ts': '',
      'test/core/my_act.test.ts': '',
      'src/core/utils.ts': '',
      'src/wire/common.ts': '',
    },
  },
]

test('reads the source it is meant to check', () => {
  const code = files.filter(isCode)
  for (const folder of ['src/core/', 'src/ports/', 'test/tidy/', 'scripts/']) {
    expect(code.filter(({ path }) => path.startsWith(folder)).length, folder).toBeGreaterThan(2)
  }
  expect(code.flatMap(importsOf).length).toBeGreaterThan(20)
  for (const { path, text } of documents) expect(text.length, path).toBeGreaterThan(500)
})

test('finds every import that the text of the sources mentions', () => {
  for (const file of files.filter(({ path }) => /^(?:src|migrations)\/.*\.tsx?$/.test(path))) {
    const mentioned = file.text.match(/^(?:import\b(?!\()|\} from ').*'$/gm) ?? []
    const statements = mentioned.filter((line) => line.includes("'"))
    expect(importsOf(file).length, file.path).toBeGreaterThanOrEqual(statements.length)
  }
})

for (const { name, rule, faults } of RULES) {
  test(name, () => {
    expect(rule(files)).toEqual([])
  })

  test(`${name}: each seeded fault is found`, () => {
    for (const [path, text] of Object.entries(faults)) {
      expect(rule([{ path, text }]), `${path}: ${text.slice(0, 80)}`).toHaveLength(1)
    }
  })
}

test('the rules let through what is allowed', () => {
  const allowed = [
    { path: 'src/core/openpgp.ts', text: "import { verify } from 'openpgp'\nimport './scan.ts'" },
    { path: 'src/core/hash.ts', text: "import { sha256 } from '@noble/hashes/sha2.js'" },
    { path: 'src/http/pages/page.tsx', text: "import { html } from 'hono/html'" },
    { path: 'src/adapters/storage/migrate.ts', text: "import { migrations } from '#migrations'" },
    {
      path: 'src/adapters/storage/d1.ts',
      text: "import type { D1Database } from '@cloudflare/workers-types'",
    },
    { path: 'src/cli/commands/serve.ts', text: "const { serve } = await import('#entry/node.ts')" },
    { path: 'src/core/time.ts', text: 'const day = new Date(seconds * 1000)' },
    { path: 'src/core/act.ts', text: '/** What it is. */\nexport function act(): void {}' },
    { path: 'migrations/index.ts', text: "import { first } from './0001-first.ts'" },
    { path: 'src/core/exact.ts', text: 'x\n'.repeat(400) },
  ]
  expect(RULES.flatMap(({ rule }) => rule(allowed))).toEqual([])
})

test('the documents name only files, tests and commands that are there', () => {
  expect(missingFiles(documents, repository)).toEqual([])
  expect(missingTests(documents, repository)).toEqual([])
  expect(missingScripts(documents, repository)).toEqual([])
})

test('every threat has a defence, and a test or the admission that there is none', () => {
  expect(brokenThreats(read('SECURITY.md'))).toEqual([])
})

test('the documents: each seeded fault is found', () => {
  const heading =
    '| who | can do | is stopped by | shown by | what remains |\n|---|---|---|---|---|\n'
  const here = '`test/tidy.test.ts`'

  expect(missingFiles(faulty('`src/core/nothing.ts`'), repository)).toHaveLength(1)
  expect(missingFiles(faulty('`src/nowhere/`'), repository)).toHaveLength(1)
  expect(missingTests(faulty(`${here} "no such test"`), repository)).toHaveLength(1)
  expect(
    missingTests(faulty('`test/nothing.test.ts` "files stay short"'), repository),
  ).toHaveLength(1)
  expect(missingScripts(faulty('npm run nonsense'), repository)).toHaveLength(1)
  expect(brokenThreats({ path: 'SECURITY.md', text: '' })).toHaveLength(1)
  for (const row of [
    `| thief | reads | | ${here} "files stay short" | nothing |`,
    '| thief | reads | encryption | | nothing |',
    '| thief | reads | encryption | trust us | nothing |',
    '| thief | reads | encryption | no test |',
  ]) {
    expect(brokenThreats({ path: 'SECURITY.md', text: heading + row }), row).toHaveLength(1)
  }
})

function read(path: string): SourceFile {
  return { path, text: readFileSync(path, 'utf8') }
}

function scriptNames(): string[] {
  const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return []
  return Object.keys(manifest.scripts ?? {})
}

function faulty(text: string): SourceFile[] {
  return [{ path: 'SECURITY.md', text }]
}
