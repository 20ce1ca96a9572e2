import { startWitness } from '#entry/witness.ts'

// A witness that dies as in a power cut at the moment it is told: `before` its memory is written, or `after` that and before the answer
// leaves. It prints its address.
const [home = '', moment = ''] = process.argv.slice(2)

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

const witness = await startWitness({
  home,
  host: '127.0.0.1',
  port: 0,
  // The time is asked for just before the memory is written, and the event is reported just after.
  clock: {
    now: () => {
      if (moment === 'before') die()
      return Math.floor(Date.now() / 1000)
    },
  },
  log: (line) => {
    if (moment === 'after' && line.includes('checkpoint_cosigned')) die()
  },
})
process.stdout.write(`${witness.url}\n`)
