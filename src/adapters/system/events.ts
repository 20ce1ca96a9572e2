import type { Events } from '#ports/events.ts'

/**
 * Writes each event as one line of JSON: a name and the event's typed fields, nothing else.
 *
 * @param write receives a line without its line feed
 */
export function jsonEvents(write: (line: string) => void): Events {
  const report =
    (event: string) =>
    (fields: object): void => {
      write(JSON.stringify({ event, ...fields }))
    }
  return {
    listening: report('listening'),
    migrating: report('migrating'),
    stopping: report('stopping'),
    stopped: report('stopped'),
    actAccepted: report('act_accepted'),
    actRefused: report('act_refused'),
    checkpointSigned: report('checkpoint_signed'),
    signerRefused: report('signer_refused'),
    checkpointCosigned: report('checkpoint_cosigned'),
    checkpointRefused: report('checkpoint_refused'),
    cosignaturesCollected: report('cosignatures_collected'),
    witnessFailed: report('witness_failed'),
    witnessMismatch: report('witness_mismatch'),
    logContradicted: report('log_contradicted'),
    unavailable: report('unavailable'),
    failed: report('failed'),
  }
}
