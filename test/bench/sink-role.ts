import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'

/** A server that takes every mail and forgets it, in a process of its own, so that its time is nobody's. */
export async function sinkRole([
  keyFile = '',
  certificateFile = '',
]: readonly string[]): Promise<void> {
  const server = createServer(
    { key: readFileSync(keyFile), cert: readFileSync(certificateFile) },
    serve,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  process.send?.((server.address() as AddressInfo).port)
  process.once('disconnect', () => process.exit())
}

function serve(socket: TLSSocket): void {
  const END = '\r\n.\r\n'
  let isData = false
  let rest = ''
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.write('220 sink ESMTP\r\n')
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    for (;;) {
      const mark = isData ? END : '\r\n'
      const end = rest.indexOf(mark)
      if (end < 0) {
        // Of data only what may be the beginning of their end has to stay.
        if (isData) rest = rest.slice(-END.length)
        return
      }
      const line = rest.slice(0, end)
      rest = rest.slice(end + mark.length)
      if (isData) {
        isData = false
        socket.write('250 2.0.0 taken\r\n')
      } else isData = answer(socket, line.slice(0, 4).toUpperCase())
    }
  })
}

function answer(socket: TLSSocket, verb: string): boolean {
  if (verb === 'EHLO') socket.write('250-sink\r\n250-SIZE 10485760\r\n250 DSN\r\n')
  else if (verb === 'QUIT') socket.end('221 bye\r\n')
  else socket.write(verb === 'DATA' ? '354 go on\r\n' : '250 yes\r\n')
  return verb === 'DATA'
}
