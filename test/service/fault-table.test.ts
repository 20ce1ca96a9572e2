import { sqliteGround } from '#test/helpers/fault-ground.ts'
import { faultTable } from '#test/helpers/fault-table.ts'

faultTable('SQLite', sqliteGround, 'few')
