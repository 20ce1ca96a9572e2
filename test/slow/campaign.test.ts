import { campaignTests } from '#test/campaign/tests.ts'

campaignTests({
  sizes: { products: 1500, relayed: 300, mailboxes: 200 },
  killsBefore: 8,
  killsAmidMail: 16,
  pauseMilliseconds: 4000,
})
