import { openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const CTRL_U = '\u0015'
const BACKSPACE = ['\u007f', '\b']

/**
 * Asks on the terminal itself, without echo, wherever standard input and output lead; `undefined` where there is no terminal or the
 * person gives up with Ctrl-C.
 */
export async function askOnTerminal(prompt: string): Promise<string | undefined> {
  let terminal: number
  try {
    terminal = openSync('/dev/tty', 'r+')
  } catch {
    return undefined
  }
  const input = new ReadStream(terminal)
  input.setRawMode(true)
  input.setEncoding('utf8')
  writeSync(terminal, prompt)
  try {
    return await typed(input)
  } finally {
    input.setRawMode(false)
    writeSync(terminal, '\n')
    input.destroy()
  }
}

async function typed(input: ReadStream): Promise<string | undefined> {
  let letters: string[] = []
  for await (const chunk of input) {
    for (const letter of String(chunk)) {
      if (letter === '\r' || letter === '\n') return letters.join('')
      if (letter === CTRL_C) return undefined
      if (letter === CTRL_D) return letters.length === 0 ? undefined : letters.join('')
      if (letter === CTRL_U) letters = []
      else if (BACKSPACE.includes(letter)) letters.pop()
      else letters.push(letter)
    }
  }
  return undefined
}
