import Database from 'better-sqlite3'
import { base64, concat, fromBase64, fromUtf8, utf8 } from '#core/bytes.ts'
import { addressKey, type MailAddress } from '#core/mail-address.ts'
import type { CertificatePin, CertificatePins } from '#ports/certificate-pins.ts'
import { Unavailable } from '#ports/storage.ts'
import { type RelayKeys, type Sealed, SEALED_KEY_BYTES } from './relay-keys.ts'

const BUSY_MILLISECONDS = 5_000

/** Opens the pins of a relay, in the database of its outbox, which must have been opened before. */
export function openPins({
  keys,
  path,
}: {
  readonly path: string
  readonly keys: RelayKeys
}): CertificatePins & { readonly close: () => void } {
  const database = new Database(path, { timeout: BUSY_MILLISECONDS })
  database.pragma('synchronous = FULL')
  database.pragma('secure_delete = ON')
  const find = database.prepare<[string], { block: Buffer }>(
    'select block from pin where address_tag = ?',
  )
  const put = database.prepare<[string, Uint8Array]>(
    'insert or replace into pin (address_tag, block) values (?, ?)',
  )
  const tagOf = (address: MailAddress) => keys.tag(`pin ${addressKey(address)}`)
  return {
    read: async (address) => {
      const tag = tagOf(address)
      const row = guarded(() => find.get(tag))
      return await Promise.resolve(
        row === undefined ? undefined : parse(keys.open(tag, apart(row.block)).message),
      )
    },
    write: async (to, pin) => {
      const tag = tagOf(to)
      const message = utf8(JSON.stringify({ ...pin, certificate: base64(pin.certificate) }))
      const { block, key } = keys.seal(tag, { to, message })
      guarded(() => put.run(tag, concat(key, block)))
      await Promise.resolve()
    },
    close: () => {
      database.close()
    },
  }
}

function apart(kept: Uint8Array): Sealed {
  return { key: kept.subarray(0, SEALED_KEY_BYTES), block: kept.subarray(SEALED_KEY_BYTES) }
}

function parse(bytes: Uint8Array): CertificatePin {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above, and sealed since
  const kept = JSON.parse(fromUtf8(bytes) ?? '') as CertificatePin & {
    readonly certificate: string
  }
  return { ...kept, certificate: fromBase64(kept.certificate) ?? new Uint8Array() }
}

function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    throw new Unavailable(`the pins failed (${cause.code})`, { cause })
  }
}
