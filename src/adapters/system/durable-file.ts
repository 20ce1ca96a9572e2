import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { utf8 } from '#core/bytes.ts'

/**
 * Writes a file whole or not at all, for its owner alone; when this returns, it would survive a power cut.
 *
 * Nobody can guess the name that it has before, and `wx` follows no link and takes no file that is there: a folder may be shared.
 */
export function writeDurably(path: string, text: string): void {
  const part = partOf(path)
  const bytes = utf8(text)
  const file = openSync(part, 'wx', 0o600)
  try {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** The same without keeping the caller's thread; nobody else may write the file meanwhile. Durable when it resolves. */
export async function keepDurably(path: string, text: string): Promise<void> {
  const part = partOf(path)
  const file = await open(part, 'wx', 0o600)
  try {
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function partOf(path: string): string {
  return `${path}.${randomUUID()}.new`
}

/** Waits until what a file holds would survive a power cut. */
export function syncFile(path: string): void {
  sync(path, 'r+')
}

/** A rename is durable once its folder is. */
export function syncFolder(path: string): void {
  sync(path, 'r')
}

function sync(path: string, flags: 'r' | 'r+'): void {
  const opened = openSync(path, flags)
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
