/** Something that happens later, unless it is called off. */
export interface Timer {
  /** Calls `run` once after so many seconds; what it gives back calls that off. */
  after(seconds: number, run: () => void): () => void
}
