import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Programs of Debian, unpacked beside the system and not installed. */
export interface DebianPrograms {
  readonly path: (program: string) => string
  readonly env: Readonly<Record<string, string>>
}

/** Unpacks packages of Debian; a reason in words where that cannot be had here. */
export function debianPrograms(packages: readonly string[]): DebianPrograms | string {
  const name = packages.join('-').replace(/[^a-z0-9-]/g, '')
  const root = join(tmpdir(), `dunant-debian-${name}`)
  if (!existsSync(root)) {
    const part = `${root}.${String(process.pid)}`
    mkdirSync(part)
    const reason = unpack(packages, part)
    if (reason !== undefined) {
      rmSync(part, { recursive: true, force: true })
      return reason
    }
    try {
      renameSync(part, root)
    } catch {
      rmSync(part, { recursive: true, force: true })
    }
  }
  const library = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu', 'usr/lib']
  return {
    path: (program) => join(root, 'usr', 'bin', program),
    env: { LD_LIBRARY_PATH: library.map((folder) => join(root, folder)).join(':') },
  }
}

function unpack(packages: readonly string[], folder: string): string | undefined {
  const fetched = spawnSync('apt-get', ['download', ...packages], { cwd: folder, timeout: 120_000 })
  if (fetched.status !== 0) return `apt-get cannot download ${packages.join(', ')} here`
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    const unpacked = spawnSync('dpkg', ['-x', join(folder, file), folder])
    if (unpacked.status !== 0) return `dpkg cannot unpack ${file}`
    rmSync(join(folder, file))
  }
  return undefined
}
