import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { WorkerProgram } from '#adapters/crypto/pool.ts'

/** Finds the program of worker threads that lies as `<name>.ts` in adapters/crypto/, or was built as `crypto-<name>.js` beside this file. */
export function workerProgram(name: 'seal-worker'): WorkerProgram {
  const here = import.meta.url
  return here.endsWith('.ts')
    ? sourceProgram(new URL(`../adapters/crypto/${name}.ts`, here))
    : { url: new URL(`./crypto-${name}.js`, here) }
}

/**
 * Makes a program of a source file, which is compiled as it is loaded: for tests and `npm run dev`, where nothing is built.
 *
 * Threads do not inherit the compiler of the thread that starts them, whatever that one is.
 */
export function sourceProgram(source: URL): WorkerProgram {
  const manifest = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))
  const compiler = new URL('dist/esm/api/index.mjs', manifest)
  const script = `import { register } from ${JSON.stringify(compiler.href)}
register()
await import(${JSON.stringify(source.href)})`
  return { url: new URL(`data:text/javascript,${encodeURIComponent(script)}`) }
}
