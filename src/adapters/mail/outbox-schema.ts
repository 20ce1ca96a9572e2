import type Database from 'better-sqlite3'
import { SchemaTooNew } from '#ports/storage.ts'

/**
 * The schema of the outbox, each step once and in order. `user_version` counts them.
 *
 * `phase` is the machine's (`queued`, `sending`, `stopped`, `done`), `state` what the filer sees. The sealed block has a table of its own,
 * since SQLite writes a whole row anew for each change of it. Its key is in the row: the commit that settles a mail overwrites that.
 */
const STEPS: readonly string[] = [
  `create table mail (
    seq integer primary key,
    id text not null unique,
    reference text not null,
    batch text not null,
    lane integer not null,
    phase text not null,
    state text not null,
    reported text not null,
    worker text,
    not_before integer not null,
    release_at integer not null,
    has_slot integer not null,
    attempts integer not null,
    queued_at integer not null,
    settled_at integer,
    address_tag text not null,
    domain_tag text not null,
    bounce_token text not null unique,
    sealed_key blob
  ) strict;
  create index mail_due on mail (lane, not_before, seq) where phase = 'queued';
  create index mail_sending on mail (worker) where phase = 'sending';
  create index mail_batch on mail (batch, phase);
  create index mail_unreported on mail (seq) where reported <> state;
  create index mail_settled on mail (settled_at) where settled_at is not null;
  create table sealed (mail integer primary key references mail (seq), block blob not null) strict;
  create table pace (domain_tag text primary key not null, free_at_milliseconds integer not null)
    strict, without rowid;
  create table suppression (address_tag text primary key not null) strict, without rowid;`,
  `create table pin (address_tag text primary key not null, block blob not null) strict;`,
  `create table stopped_batch (batch text primary key not null) strict, without rowid;
  insert into stopped_batch (batch) select distinct batch from mail where phase = 'stopped';`,
]

/** Brings the schema up to date. @throws SchemaTooNew where a newer version of the program has changed it. */
export function migrateOutbox(database: Database.Database): void {
  database
    .transaction(() => {
      const done = Number(database.pragma('user_version', { simple: true }))
      if (done > STEPS.length)
        throw new SchemaTooNew('a newer version of the program has changed the outbox')
      for (const step of STEPS.slice(done)) database.exec(step)
      database.pragma(`user_version = ${String(STEPS.length)}`)
    })
    .immediate()
}
