/** Another process is at work here: nothing is wrong, and trying again helps. */
export class Busy extends Error {
  override readonly name = 'Busy'
}
