// Rotation keys: one for each ten minutes, shared by all processes and tenants, and gone when nothing can need it.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type StoredRotationKey = { readonly id: string; readonly sealed: string };

// rotation_keys_pkey
const byId = statement({ id: 'uuid' }, (q, p) =>
  q.selectFrom('rotation_keys').select(['id', 'key_sealed as sealed']).where('id', '=', p.id),
);

export async function findRotationKey(db: Db, id: string): Promise<StoredRotationKey | undefined> {
  return byId.first(db, { id });
}

// rotation_keys_begins_at_key
const at = statement({ beginsAt: 'timestamptz' }, (q, p) =>
  q.selectFrom('rotation_keys').select(['id', 'key_sealed as sealed']).where('begins_at', '=', p.beginsAt),
);
// A sequential scan of the few there are.
const sealedOtherwise = statement(
  { current: 'text' },
  (_q, p) =>
    sql<StoredRotationKey>`SELECT id, key_sealed AS sealed FROM rotation_keys
      WHERE split_part(key_sealed, '.', 1) <> ${p.current} LIMIT 100`,
);
const reseal = statement({ id: 'uuid', from: 'text', to: 'text' }, (q, p) =>
  q.updateTable('rotation_keys').set({ key_sealed: p.to }).where('id', '=', p.id).where('key_sealed', '=', p.from),
);

/** Those that an older SECRET_KEY seals. */
export async function rotationKeysSealedOtherwise(db: Db, current: string): Promise<StoredRotationKey[]> {
  return sealedOtherwise.all(db, { current });
}

/** The same key under the current SECRET_KEY. */
export async function resealRotationKey(db: Db, id: string, from: string, to: string): Promise<void> {
  await reseal.run(db, { id, from, to });
}

const add = statement(
  { id: 'uuid', beginsAt: 'timestamptz', sealed: 'text' },
  (_q, p) =>
    sql`INSERT INTO rotation_keys (id, begins_at, key_sealed) VALUES (${p.id}, ${p.beginsAt}, ${p.sealed})
      ON CONFLICT (begins_at) DO NOTHING`,
);

/** The key of the ten minutes that begin then; `make` gives one for when there is none. All processes get the same. */
export async function rotationKeyOf(
  db: Db,
  beginsAt: number,
  make: () => StoredRotationKey,
): Promise<StoredRotationKey> {
  const found = await at.first(db, { beginsAt });
  if (found) return found;
  const made = make();
  const isAdded = (await add.run(db, { ...made, beginsAt })) === 1;
  return isAdded ? made : (await at.first(db, { beginsAt }))!;
}
