import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'

// A server of a Web Key Directory: `certificate` of its folder is what it has for everybody, and `requests` is what it was asked.

const folder = process.argv[2] ?? ''
const [key, cert] = ['key.pem', 'certificate.pem'].map((name) => readFileSync(join(folder, name)))

createServer({ key, cert }, (request, response) => {
  appendFileSync(join(folder, 'requests'), `${request.headers.host ?? ''}${request.url ?? ''}\n`)
  const answer = join(folder, 'certificate')
  if (existsSync(answer)) response.end(readFileSync(answer))
  else response.writeHead(404).end()
}).listen(443, () => process.stdout.write('listening\n'))
