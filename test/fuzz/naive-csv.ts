/** RFC 4180 read a character at a time, blank rows left out: a second opinion on tables without faults. */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  let wasQuoted = false
  const endCell = (): void => {
    row.push(cell)
    cell = ''
    wasQuoted = false
  }
  const endRow = (): void => {
    endCell()
    rows.push(row)
    row = []
  }
  for (let i = 0; i < text.length; i++) {
    const [character = '', next = ''] = [text[i], text[i + 1]]
    if (isQuoted && character === '"' && next === '"') {
      cell += '"'
      i++
    } else if (isQuoted) {
      if (character === '"') isQuoted = false
      else cell += character
    } else if (character === '"' && cell === '' && !wasQuoted) {
      isQuoted = true
      wasQuoted = true
    } else if (character === ',') endCell()
    else if (character === '\n') endRow()
    else if (character !== '\r' || (next !== '\n' && next !== '')) cell += character
  }
  endRow()
  return rows.filter((cells) => cells.join() !== '' || cells.length > 1)
}
