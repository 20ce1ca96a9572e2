import { openProduct } from '#client/product.ts'
import { emptyDirectory } from '#core/directory.ts'
import { utf8 } from '#core/bytes.ts'
import { readProof } from '#core/mail-message.ts'
import { parseProduct } from '#wire/product.ts'
import { anchorOf } from '#cli/connection.ts'
import { readText } from '#cli/files.ts'
import { describeOpened } from '#cli/opened.ts'
import { type Command, say } from '#cli/output.ts'
import { templateFinder } from '#cli/templates.ts'
import { verdict } from '#cli/verdict.ts'

/** `product open` */
export const open: Command = async (call) => {
  const account = call.args.text('account')
  const text = await readText(call, call.args.argument(0))
  // A mail that was decrypted has the file inside.
  const proof = readProof(utf8(text))
  const file = parseProduct(proof.ok ? proof.value : text)
  const anchor = await anchorOf(call)
  if (!anchor.ok) return anchor
  if (!file.ok) return verdict(file, () => say([], null))
  const { genesis, origin, replay } = anchor.value
  const opened = await openProduct(file.value, {
    account,
    genesis,
    origin,
    directory: replay?.directory ?? emptyDirectory(origin),
    findTemplate: templateFinder(undefined),
    ...(replay === undefined ? {} : { replay }),
  })
  return verdict(opened, describeOpened)
}
