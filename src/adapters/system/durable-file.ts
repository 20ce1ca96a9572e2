import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { utf8 } from '#core/bytes.ts'

/** Writes a file whole or not at all, for its owner alone; when this returns, it would survive a power cut. */
export function writeDurably(path: string, text: string): void {
  const part = `${path}.new`
  const bytes = utf8(text)
  const file = openSync(part, 'w', 0o600)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(part, path)
  syncFolder(dirname(path))
}

/** The same without keeping the caller's thread; nobody else may write the file meanwhile. Durable when it resolves. */
export async function keepDurably(path: string, text: string): Promise<void> {
  const part = `${path}.new`
  const file = await open(part, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A rename is durable once its folder is. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
