import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** A file as the rules see it: its path from the top of the repository, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** One `import` or `export … from`, with what the rules need to tell apart. */
export interface Import {
  readonly specifier: string
  readonly kind: 'static' | 'dynamic' | 'type'
}

const IMPORTS =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"`;=():]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** Every file below some folders; a folder that is not there has none. */
export function readSource(folders: readonly string[]): SourceFile[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`),
    )
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
}

/** Tells whether a file is code, and not a document, vector or template. */
export function isCode({ path }: SourceFile): boolean {
  return /\.(?:tsx?|mjs)$/.test(path)
}

/** What a file imports, type-only imports included. */
export function importsOf({ text }: SourceFile): Import[] {
  return [...text.matchAll(IMPORTS)].map(([, type, from, bare, dynamic]) => {
    if (dynamic !== undefined) return { specifier: dynamic, kind: 'dynamic' }
    return { specifier: from ?? bare ?? '', kind: type === undefined ? 'static' : 'type' }
  })
}

/** The layer of a file: the folder below src/, or the top-level folder. */
export function layerOf({ path }: SourceFile): string {
  const parts = path.split('/')
  return (parts[0] === 'src' ? parts[1] : parts[0]) ?? ''
}
