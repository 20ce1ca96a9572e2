import { type Import, importsOf, isCode, layerOf, type SourceFile } from './source.ts'

/** Who may import whom, and which packages. This table is the architecture; ARCHITECTURE.md explains it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ['core', 'openpgp', '@noble/curves', '@noble/hashes'],
  wire: ['core', 'wire', 'zod'],
  ports: ['core', 'ports'],
  service: ['core', 'ports', 'service'],
  adapters: [
    'core',
    'ports',
    'migrations',
    'adapters',
    'kysely',
    'better-sqlite3',
    'pg',
    'nodemailer',
    'openpgp',
    '@noble/curves',
    '@noble/hashes',
    'node:',
  ],
  http: ['core', 'wire', 'service', 'ports', 'http', 'hono'],
  client: ['core', 'wire', 'client', 'openpgp', '@noble/curves', '@noble/hashes'],
  browser: ['core', 'wire', 'client', 'browser'],
  agent: ['core', 'wire', 'ports', 'client', 'agent', 'hono', 'node:'],
  cli: ['core', 'wire', 'client', 'agent', 'cli', 'entry', 'node:'],
  entry: [
    'core',
    'wire',
    'ports',
    'service',
    'adapters',
    'http',
    'agent',
    'templates',
    'entry',
    '@hono/node-server',
    'zod',
    'node:',
  ],
  migrations: ['migrations', 'kysely'],
  templates: ['core', 'node:'],
}

/** Packages of types alone: nothing of them is left in the program. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  '@cloudflare/workers-types': ['adapters', 'entry'],
}

/** OpenPGP.js is reached through three files, so that three files show all that is asked of it. */
const OPENPGP_FILES = [
  'src/core/openpgp.ts',
  'src/client/openpgp.ts',
  'src/adapters/keys/openpgp.ts',
]

/** Imports across the layer table, and files that belong to no layer. */
export function brokenLayers(files: readonly SourceFile[]): string[] {
  return inLayers(files).flatMap((file) => {
    const allowed = MAY_IMPORT[layerOf(file)]
    if (allowed === undefined) return [`${file.path} is in no layer`]
    return importsOf(file)
      .filter((found) => !mayImport(found, allowed, layerOf(file)))
      .map(({ specifier }) => `${file.path} may not import ${specifier}`)
  })
}

/** Imports of OpenPGP.js anywhere else than in the three files meant for it. */
export function strayOpenpgp(files: readonly SourceFile[]): string[] {
  return inLayers(files)
    .filter((file) => importsOf(file).some(({ specifier }) => packageOf(specifier) === 'openpgp'))
    .filter(({ path }) => !OPENPGP_FILES.includes(path))
    .map(({ path }) => `${path} imports openpgp`)
}

/** Server code that the command line loads before it knows that it needs it: `--help` must start at once. */
export function eagerServer(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => layerOf(file) === 'cli')
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier, kind }) => specifier.startsWith('#entry/') && kind === 'static')
        .map(({ specifier }) => `${file.path} must import ${specifier} with await import()`),
    )
}

/** Specifiers that climb out of their folder, which hide the layer they lead to. */
export function climbingImports(files: readonly SourceFile[]): string[] {
  return files.filter(isCode).flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => specifier.includes('../'))
      .map(({ specifier }) => `${file.path}: ${specifier}; use #layer/file.ts`),
  )
}

function inLayers(files: readonly SourceFile[]): SourceFile[] {
  return files.filter((file) => isCode(file) && /^(?:src|migrations|templates)\//.test(file.path))
}

function mayImport(
  { specifier, kind }: Import,
  allowed: readonly string[],
  layer: string,
): boolean {
  if (kind === 'type' && TYPES_ONLY[packageOf(specifier)]?.includes(layer) === true) return true
  return allowed.includes(target(specifier, layer))
}

/** The layer or package that a specifier leads to: '#core/x.ts' → core, './x.ts' → the layer of the file itself. */
function target(specifier: string, layer: string): string {
  if (specifier.startsWith('./')) return layer
  if (specifier.startsWith('#')) return specifier.slice(1).split('/')[0] ?? ''
  if (specifier.startsWith('node:')) return 'node:'
  return packageOf(specifier)
}

/** 'hono/jsx' → 'hono', '@noble/hashes/sha2.js' → '@noble/hashes'. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
