import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { inBatches } from '#client/in-flight.ts'
import { formatProduct, productFile } from '#client/product.ts'
import { partOf, syncFolder } from '#agent/files.ts'
import type { ProductFile } from '#wire/product.ts'
import type { BundleFile, ProductPlace } from './bundle-file.ts'
import { openSpool } from './spool.ts'

/** What one customer is shown, without a receipt yet. */
export interface KeptProduct {
  /** Of its file, without the ending: the hash of the account. */
  readonly name: string
  /** The line of the customer list. */
  readonly row: number
  readonly file: ProductFile
}

/** Keeps what customers are shown: durable when it resolves. The same may come again after a crash. */
export type KeepProducts = (products: readonly KeptProduct[]) => Promise<void>

/** Files written between two entries in the journal. */
const BATCH = 512
/** Files written at once: the disk gathers what several ask of it. */
const AT_ONCE = 16

/**
 * Keeps what the customers of a bundle are shown, from the given place on; `onBatch` hears how much is durable.
 */
export async function writeProducts(
  where: { readonly work: string; readonly keep: KeepProducts },
  bundle: BundleFile,
  progress: { readonly from: number; readonly onBatch: (written: number) => void },
): Promise<void> {
  const spool = openSpool(where.work)
  let written = progress.from
  const composed = ({ bytes, index, offset }: ProductPlace): KeptProduct => {
    const { name, row, salt, signed } = spool.read(offset, bytes)
    const path = bundle.pathOf(index)
    return { name, row, file: productFile({ count: bundle.count, index, path, salt, signed }) }
  }
  try {
    for await (const batch of inBatches(bundle.places(progress.from), BATCH)) {
      await where.keep(batch.map(composed))
      written += batch.length
      progress.onBatch(written)
    }
  } finally {
    spool.close()
  }
}

/** Keeps each as a file of a folder, whole or absent under its name. */
export function productFiles(folder: string): KeepProducts {
  const write = async ({ file, name }: KeptProduct): Promise<void> => {
    await writeDurably(join(folder, `${name}.json`), formatProduct(file))
  }
  return async (products) => {
    for await (const group of inBatches(products, AT_ONCE)) await Promise.all(group.map(write))
    syncFolder(folder)
  }
}

/** Its name appears once its bytes are durable; the name itself is once the folder is. */
async function writeDurably(path: string, text: string): Promise<void> {
  const part = partOf(path)
  const file: FileHandle = await open(part, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(part, path)
}
