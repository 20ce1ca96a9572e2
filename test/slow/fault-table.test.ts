import { afterAll } from 'vitest'
import { cloudflareGround, postgresGround, sqliteGround } from '#test/helpers/fault-ground.ts'
import { faultTable } from '#test/helpers/fault-table.ts'
import { startCloudflare } from '#test/helpers/miniflare.ts'

const cloudflare = startCloudflare()
afterAll(async () => {
  await cloudflare.stop()
})

faultTable('SQLite', sqliteGround, 'whole')
faultTable('PostgreSQL', postgresGround, 'whole')
faultTable('D1 and R2', async () => await cloudflareGround(cloudflare), 'whole')
