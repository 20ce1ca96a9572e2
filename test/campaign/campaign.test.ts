import { campaignTests } from './tests.ts'

campaignTests({
  sizes: { products: 45, relayed: 9, mailboxes: 6 },
  killsBefore: 2,
  killsAmidMail: 2,
  pauseMilliseconds: 1500,
})
