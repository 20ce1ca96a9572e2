import { cloudflareGround, postgresGround, sqliteGround } from '#test/helpers/fault-ground.ts'
import { faultTable } from '#test/helpers/fault-table.ts'

faultTable('SQLite', sqliteGround, 'whole')
faultTable('PostgreSQL', postgresGround, 'whole')
// The emulator takes some hundred times as long.
faultTable('D1 and R2', cloudflareGround, 'few')
