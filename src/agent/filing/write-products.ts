import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { inBatches } from '#client/in-flight.ts'
import { formatProduct, productFile } from '#client/product.ts'
import { partOf, syncFolder } from '#agent/files.ts'
import type { BundleFile, ProductPlace } from './bundle-file.ts'
import { openSpool } from './spool.ts'

/** Files written between two entries in the journal. */
const BATCH = 512
/** Files written at once: the disk gathers what several ask of it. */
const AT_ONCE = 16

/**
 * Writes the customers' files of a bundle, from the given place on. Each is whole or absent under its name; `onBatch` hears how many are durable.
 */
export async function writeProducts(
  where: { readonly work: string; readonly out: string },
  bundle: BundleFile,
  progress: { readonly from: number; readonly onBatch: (written: number) => void },
): Promise<void> {
  const spool = openSpool(where.work)
  let written = progress.from
  const write = async ({ bytes, index, offset }: ProductPlace): Promise<void> => {
    const { name, salt, signed } = spool.read(offset, bytes)
    const path = bundle.pathOf(index)
    const file = productFile({ count: bundle.count, index, path, salt, signed })
    await writeDurably(join(where.out, `${name}.json`), formatProduct(file))
  }
  try {
    for await (const batch of inBatches(bundle.places(progress.from), BATCH)) {
      for await (const group of inBatches(batch, AT_ONCE)) await Promise.all(group.map(write))
      syncFolder(where.out)
      written += batch.length
      progress.onBatch(written)
    }
  } finally {
    spool.close()
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
