import { openSealer as openSealerOver } from '#agent/filing/open-sealer.ts'
import type { FilingTools } from '#agent/filing/prepare-bundle.ts'

/** Opens the fastest sealer of this machine; the code for it is loaded when it is needed. */
export const openSealer: FilingTools['openSealer'] = async (terms, work) =>
  await openSealerOver(terms, work, async (native) => {
    const { openNativeSealer } = await import('#entry/sealer.ts')
    return await openNativeSealer(native)
  })
