import { createInterface } from 'node:readline'
import { deriveKey } from '#agent/check/derive-key.ts'
import { askLists } from '#client/check-notice.ts'
import { parseCheckCode } from '#core/check-code.ts'
import { accept } from '#core/result.ts'
import { adviceOn } from '#cli/advice.ts'
import type { Command } from '#cli/output.ts'
import { printable } from '#cli/terminal.ts'
import { describe, openFiles, wordsOf } from './check.ts'

/** Clears the screen and what was scrolled off it. */
const CLEAR = '\u001b[H\u001b[2J\u001b[3J'

/**
 * `check desk`: answers one code after the other, from files alone. It asks no server, writes no file, and forgets each code with its answer.
 */
export const desk: Command = async (call) => {
  const { io } = call
  const words = await wordsOf(call)
  const opened = await openFiles(call, 'code')
  if (!opened.ok) return opened
  const { genesis, lists, roster } = opened.value
  const tell = (text: string): void => {
    io.stdout.write(`${printable(text)}\n`)
  }
  const script = words.script.map((line, index) => `${String(index + 1)}. ${line}`).join('\n')
  tell(`${script}\n`)
  for await (const typed of createInterface({ input: io.stdin, terminal: false, historySize: 0 })) {
    if (typed.trim() === '') {
      if (io.isTerminal) io.stdout.write(CLEAR)
      tell(`${script}\n`)
      continue
    }
    const code = parseCheckCode(typed)
    if (!code.ok) {
      const { next, sentence } = adviceOn(code.refusal.reason)
      tell(`${sentence} ${next}\n`)
      continue
    }
    const question = { code: code.value }
    const answer = await askLists(lists, question, { derive: deriveKey, genesis, now: io.now() })
    tell(`${describe(answer, { words, roster, isDesk: true }).text}\n`)
  }
  return accept({ text: '', value: undefined })
}
