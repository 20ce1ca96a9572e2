import { openProduct } from '#client/product.ts'
import { emptyDirectory } from '#core/directory.ts'
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
  const file = parseProduct(await readText(call, call.args.argument(0)))
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
