import { Agent, request } from 'node:http'

/** Requests under way at once. */
export const CLIENTS = 64

/** Posts bodies to one address over connections that stay open, so many at a time; every answer must be the status wanted. */
export async function postAll(
  url: string,
  bodies: readonly string[],
  options: { readonly clients?: number; readonly status?: number } = {},
): Promise<void> {
  const { clients = CLIENTS, status = 201 } = options
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  let next = 0
  const work = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const answer = await post(agent, url, body)
      if (answer.status !== status) throw new Error(`${String(answer.status)}: ${answer.text}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: clients }, work))
  } finally {
    agent.destroy()
  }
}

async function post(
  agent: Agent,
  url: string,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return await new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
