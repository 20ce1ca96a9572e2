// Bundles the command line and the Worker. Dependencies go inside, because one file starts in a third of the time
// that a folder of packages takes (src/decisions/0001-runtime-dependencies.md).
//
// `node scripts/build.mjs bench` adds the measurements of test/bench/.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const packages = 'node_modules'

/** CommonJS packages inside a bundle call `require` for Node's own modules, and an ES module has none. */
const requireFrom = (url) => ({
  js: `import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(${url});`,
})

/** OpenPGP.js is LGPL: it stays a file of its own, unchanged, that whoever runs Dunant can replace. */
const openpgpApart = {
  name: 'openpgp-apart',
  setup: (on) => {
    on.onResolve({ filter: /^openpgp$/ }, () => ({ path: './openpgp.mjs', external: true }))
  },
}

/** A bundle has no folder of templates to read: what the reader finds now is put in its place. */
const templatesInside = {
  name: 'templates-inside',
  setup: (on) => {
    for (const [file, reads] of [
      ['read.ts', 'readTemplateFiles'],
      ['read-check.ts', 'readCheckFiles'],
    ]) {
      const filter = new RegExp(`[\\\\/]templates[\\\\/]${file.replace('.', '\\.')}$`)
      on.onLoad({ filter }, async () => {
        const path = `templates/${file}`
        const reader = await build({
          entryPoints: [path],
          bundle: true,
          write: false,
          format: 'esm',
          platform: 'node',
          define: { 'import.meta.url': JSON.stringify(pathToFileURL(path).href) },
        })
        const source = Buffer.from(reader.outputFiles[0].contents).toString('base64')
        const module = await import(`data:text/javascript;base64,${source}`)
        const files = JSON.stringify(module[reads]())
        return { contents: `export const ${reads} = () => (${files})`, loader: 'js' }
      })
    }
  },
}

const common = {
  plugins: [templatesInside],
  bundle: true,
  format: 'esm',
  target: 'node20',
  outdir: 'dist',
  jsx: 'automatic',
  jsxImportSource: 'hono/jsx',
  sourcemap: true,
  legalComments: 'linked',
  logLevel: 'warning',
}

/** What runs on Node. Everything lies flat in dist/, so that './openpgp.mjs' is right in every chunk. */
const node = {
  ...common,
  entryPoints: {
    cli: 'src/cli/main.ts',
    'crypto-seal-worker': 'src/adapters/crypto/seal-worker.ts',
    ...(process.argv.includes('bench') && { bench: 'test/bench/main.ts' }),
  },
  platform: 'node',
  splitting: true,
  chunkNames: 'chunk-[name]-[hash]',
  // better-sqlite3 finds its compiled half beside its own files; pg looks for pg-native and does without.
  external: ['better-sqlite3', 'pg-native'],
  plugins: [openpgpApart, templatesInside],
  banner: requireFrom('import.meta.url'),
}

/** What runs on workerd, which takes Node's modules only under their `node:` names and has no file URLs. */
const worker = {
  ...common,
  entryPoints: { worker: 'src/entry/worker.ts' },
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser', 'import'],
  external: ['node:*', 'cloudflare:*'],
  alias: Object.fromEntries(
    builtinModules.filter((name) => !name.startsWith('_')).map((name) => [name, `node:${name}`]),
  ),
  banner: requireFrom("'file:///'"),
}

// Older chunks stay, because a server that was started from them may load one more.
mkdirSync('dist', { recursive: true })
copyFileSync(`${packages}/openpgp/dist/node/openpgp.min.mjs`, 'dist/openpgp.mjs')
copyFileSync(`${packages}/openpgp/LICENSE`, 'dist/openpgp.LICENSE')
await Promise.all([build(node), build(worker)])
writeFileSync('dist/.built', '')
