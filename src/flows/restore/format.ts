// What a backup is: lines of JSON. A head; for each table a line that announces it, then its rows; an end that seals it all.
import Type, { type Static } from 'typebox';
import Value from 'typebox/value';
import type { AppliedMigration } from '../../storage/migrate.ts';

/** What is wrong with a backup, or with the place it should be restored to. Nothing was changed. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

export const formatVersion = 1;

/** Bytes: longer than any row of Signet. */
export const longestLine = 64 * 1024 * 1024;

const count = Type.Integer({ minimum: 0 });

const headSchema = Type.Object({
  format: Type.Literal('signet-backup'),
  format_version: Type.Integer({ minimum: 1 }),
  /** The version of Signet that made it, and that of the PostgreSQL it was read from. */
  signet: Type.String(),
  postgres: Type.String(),
  /** RFC 3339. */
  made_at: Type.String(),
  issuer: Type.String(),
  /** The id of the SECRET_KEY without which it is of little use; never the key. */
  secret_key: Type.String(),
  migrations: Type.Array(Type.Object({ name: Type.String(), checksum: Type.String() }), { minItems: 1 }),
  rows: count,
});
const tableSchema = Type.Object({ table: Type.String(), columns: Type.Array(Type.String()), rows: count });
const endSchema = Type.Object({
  end: Type.Literal(true),
  rows: count,
  /** Of every byte before this line, in hex. */
  sha256: Type.String(),
  /** HMAC of that under SECRET_KEY: nobody without the key can make or change a backup that is accepted. */
  seal: Type.String(),
});

export type BackupHead = Static<typeof headSchema> & { readonly migrations: readonly AppliedMigration[] };
export type BackupTable = Static<typeof tableSchema>;
export type BackupEnd = Static<typeof endSchema>;

/** What the box authenticates: the purpose of the seal. */
export const sealPurpose = 'backup';

export function parseHead(line: string | undefined): BackupHead {
  const head = parse(line);
  if (typeof head !== 'object' || head === null || (head as { format?: unknown }).format !== 'signet-backup')
    throw new BackupError('This is no backup that Signet made.');
  const { format_version: version } = head as { format_version?: unknown };
  if (typeof version === 'number' && version > formatVersion)
    throw new BackupError('A newer version of Signet made this backup. Restore it with that version or a newer one.');
  return demand(headSchema, head);
}

/** The line before the rows of a table, or the end. */
export function parseMark(line: string | undefined): BackupTable | BackupEnd {
  if (line === undefined) throw cutOff();
  const mark = parse(line);
  return Value.Check(endSchema, mark) ? mark : demand(tableSchema, mark);
}

function demand<T extends Type.TSchema>(schema: T, value: unknown): Static<T> {
  if (Value.Check(schema, value)) return value;
  throw damaged();
}

export function cutOff(cause?: unknown): BackupError {
  return new BackupError('The backup ends too early: the file is not whole. Use another copy.', { cause });
}

export function damaged(cause?: unknown): BackupError {
  return new BackupError('The backup is damaged: it is not what Signet wrote. Use another copy.', { cause });
}

function parse(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '');
  } catch {
    return undefined;
  }
}
