/** Shows how far a long piece of work is. */
export interface Progress {
  /** `total` 0 means that nobody knows. */
  update(done: number, total: number): void
  /** Clears what was shown. */
  close(): void
}

/** Begins to show a piece of work, by its name. */
export type OpenProgress = (label: string) => Progress

/** Shows nothing: where nobody looks. */
export const silently: OpenProgress = () => ({ update: () => undefined, close: () => undefined })
