import type { AgentEvents } from '#ports/agent-events.ts'

/** Writes each event as one line of JSON: a name and the event's typed fields, nothing else. */
export function jsonAgentEvents(write: (line: string) => void): AgentEvents {
  const report =
    (event: string) =>
    (fields: object): void => {
      write(JSON.stringify({ event, ...fields }))
    }
  return {
    listening: report('listening'),
    stopping: report('stopping'),
    stopped: report('stopped'),
    noticeFiled: report('notice_filed'),
    noticeReleased: report('notice_released'),
    noticeRefused: report('notice_refused'),
    listPublished: report('list_published'),
    listRefused: report('list_refused'),
    localRefused: report('local_refused'),
    unavailable: report('unavailable'),
    failed: report('failed'),
  }
}
