import { holdFolder } from '#adapters/system/hold-folder.ts'

/** A process that was just told to stop takes a moment. */
const WAIT_MILLISECONDS = 5000

/**
 * Starts what signs or writes in a home, which nothing else works on until it is closed: two that sign for one log would sooner or later sign
 * two different ones.
 *
 * @throws Unavailable where another process holds the home.
 */
export async function startAlone<T extends { close(): Promise<void> }>(
  home: string,
  start: () => Promise<T>,
): Promise<T> {
  const hold = await holdFolder(home, WAIT_MILLISECONDS)
  try {
    const running = await start()
    const close = async (): Promise<void> => {
      try {
        await running.close()
      } finally {
        hold.release()
      }
    }
    return { ...running, close }
  } catch (error) {
    hold.release()
    throw error
  }
}

/** Does some work on a home that no other process works on meanwhile. @throws Unavailable where another process holds it. */
export async function workAlone<T>(home: string, work: () => Promise<T>): Promise<T> {
  const hold = await holdFolder(home, WAIT_MILLISECONDS)
  try {
    return await work()
  } finally {
    hold.release()
  }
}
