import { isCode, layerOf, type SourceFile } from './source.ts'

const LINES_MAX = 400
const DOCUMENTED = ['core', 'wire', 'ports', 'service', 'http']
const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (\w+)/
/** Names that say nothing about what is inside, and so attract everything. */
const VAGUE = /^(?:utils?|helpers?|misc|common|shared|lib)$/
const KEBAB = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*$/

/** Exports of the layers that others build on which do not say what they are. */
export function undocumented(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => isCode(file) && DOCUMENTED.includes(layerOf(file)))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, index) => {
        const name = EXPORT.exec(line)?.[1]
        const before = lines[index - 1]?.trim() ?? ''
        const isOverload = name !== undefined && EXPORT.exec(before)?.[1] === name
        if (name === undefined || before.endsWith('*/') || isOverload) return []
        return [`${path}:${String(index + 1)}: ${name} has no docstring`]
      })
    })
}

/** Files that grew beyond what a reader takes in. */
export function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .filter(isCode)
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${String(lines)} lines`)
}

/** Files that only pass on the exports of others: they hide who uses what, and load all for one. */
export function barrels(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => isCode(file) && layerOf(file) !== 'migrations')
    .filter(({ path, text }) => /\/index\.\w+$/.test(path) || /^export \*/m.test(text))
    .map(({ path }) => `${path} is a barrel`)
}

/** Names that are not kebab-case, or vague. */
export function badNames(files: readonly SourceFile[]): string[] {
  return files.filter(isCode).flatMap(({ path }) => {
    const parts = path.split('/')
    const stem = parts.at(-1)?.split('.')[0] ?? ''
    if (parts.some((part) => !KEBAB.test(part))) return [`${path} is not kebab-case`]
    return path.startsWith('src/') && VAGUE.test(stem) ? [`${path} says nothing`] : []
  })
}
