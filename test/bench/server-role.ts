import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startServer } from '#entry/node.ts'

/** What the measuring process tells the server's process. */
export type ServerOrder = 'watch' | 'report' | 'stop'

/** What the server's process answers. */
export type ServerReport = { readonly url: string } | LoopDelays

/** Milliseconds between two turns of the event loop that were asked for a millisecond apart. */
export interface LoopDelays {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Runs a real server in a process of its own, on a home that was made for it, and watches its event loop. */
export async function serverRole([home = '']: readonly string[]): Promise<void> {
  const config = {
    host: '127.0.0.1',
    port: 0,
    databaseUrl: undefined,
    genesis: undefined,
    // One company on one machine asks for more than any is given; what counting takes is measured all the same.
    limitFactor: 1000,
  }
  const server = await startServer({ home, config, log: () => undefined })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const obey = async (order: ServerOrder): Promise<void> => {
    switch (order) {
      case 'watch':
        delay.reset()
        delay.enable()
        return
      case 'report': {
        delay.disable()
        const [p50, p99, max] = [delay.percentile(50), delay.percentile(99), delay.max]
        return answer({ p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 })
      }
      case 'stop':
        await server.close()
        process.disconnect()
    }
  }
  process.on('message', (order: ServerOrder) => void obey(order))
  answer({ url: server.url })
}

function answer(report: ServerReport): void {
  process.send?.(report)
}
