import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'

// A checker that looks at no files passes. So each one gets a sound file and a faulty one, under the project's own
// settings, and has to tell them apart. The folder lies inside the repository, where packages and settings are found.

let folder = ''

beforeEach(() => {
  folder = mkdtempSync('.faults-')
  mkdirSync(`${folder}/src/core`, { recursive: true })
  copyFileSync('.biome.json', `${folder}/.biome.json`)
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({ extends: '../tsconfig.json', include: ['src'] }),
  )
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What each checker must accept, and what it must refuse with which words. */
const CHECKERS = [
  {
    name: 'tsc',
    command: ['tsc', '-p', '.'],
    sound: 'export const count: number = 1\n',
    faulty: [
      ["export const count: number = 'one'\n", 'TS2322'],
      ['export enum Colour {\n  Red,\n}\n', 'TS1294'],
      ['export const first = (list: string[]): string => list[0]\n', 'TS2322'],
    ],
  },
  {
    name: 'oxlint',
    command: ['oxlint', '-c', '../.oxlintrc.json', 'src'],
    sound: 'export async function wait(): Promise<void> {\n  await Promise.resolve()\n}\n',
    faulty: [
      ['export function go(): void {\n  Promise.resolve()\n}\n', 'no-floating-promises'],
      ["export const or = (x?: string): string => (x ? x : 'none')\n", 'strict-boolean'],
      ['export function say(): void {\n  console.log(1)\n}\n', 'no-console'],
      [`export function long(): void {\n${'  void 0\n'.repeat(70)}}\n`, 'max-lines-per-function'],
      ['export const four = (a: 1, b: 1, c: 1, d: 1): number => a + b + c + d\n', 'max-params'],
      ['const one = 1\nexport default one\n', 'no-default-export'],
    ],
  },
  {
    name: 'biome',
    command: ['biome', 'format', '--config-path=.biome.json', 'src'],
    sound: "export const word = 'one'\n",
    faulty: [['export const word = "one";\n', 'fault.ts']],
  },
] as const

for (const { name, command, sound, faulty } of CHECKERS) {
  test(`${name} passes a sound file and fails on each seeded fault`, () => {
    const accepted = run(command, sound)
    expect(accepted.status, accepted.output).toBe(0)
    for (const [text, finding] of faulty) {
      const { status, output } = run(command, text)
      expect(status, `${text}\n${output}`).not.toBe(0)
      expect(output, text).toContain(finding)
    }
  })
}

function run([bin, ...args]: readonly string[], text: string): { status: number; output: string } {
  writeFileSync(`${folder}/src/core/fault.ts`, text)
  const ran = spawnSync(`../node_modules/.bin/${bin ?? ''}`, args, {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status: ran.status ?? 1, output: ran.stdout + ran.stderr }
}
