// Sends recorded statements again, with the values of this request, in the transactions they came in.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { uuidv7 } from '../../src/domain/uuid.ts';
import type { Slot, Step } from '../recording.ts';

/** What stands in for the values of the recorded request. */
export type Known = Readonly<Record<string, string | Buffer>>;
export type Row = Readonly<Record<string, string>>;
type Statement = Extract<Step, { is: 'statement' }>;

export type Part = {
  /** `learn` is shown the first row of each statement, for the statements after it. @returns the rows of each. */
  run(known: Known, now: number, learn?: (row: Row) => Known): Promise<readonly (readonly Row[])[]>;
};

/** A recorded request in two parts: up to the last signature, verification or hash, and from there on. */
export type Replay = { readonly before: Part; readonly after: Part };

/** As many connections as Signet has by default. Values come as the text they were sent as: nothing is parsed in vain. */
export function openPool(connectionString: string): pg.Pool {
  const types = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;
  return new pg.Pool({ connectionString, max: 10, types, options: '-c TimeZone=UTC -c DateStyle=ISO' });
}

export function replayOf(pool: pg.Pool, steps: readonly Step[]): Replay {
  const last = steps.findLastIndex(({ is }) => is !== 'statement');
  const cut = last < 0 ? steps.length : last;
  const statements = (part: readonly Step[]) => part.filter((step) => step.is === 'statement');
  return { before: partOf(pool, statements(steps.slice(0, cut))), after: partOf(pool, statements(steps.slice(cut))) };
}

function partOf(pool: pg.Pool, statements: readonly Statement[]): Part {
  const usesTransaction = statements.some(({ text }) => text === 'BEGIN');
  return {
    async run(given, now, learn) {
      const known: Record<string, string | Buffer> = { ...given };
      const ids: string[] = [];
      const requestId = randomBytes(9).toString('base64url');
      const target = usesTransaction ? await pool.connect() : pool;
      const rows: Row[][] = [];
      try {
        for (const { text, name, slots } of statements) {
          const values = slots.map((slot) => valueOf(slot, known, now, ids, requestId));
          const { rows: found } = await target.query<Row>({ text, name, values });
          rows.push(found);
          if (learn && found[0]) Object.assign(known, learn(found[0]));
        }
      } finally {
        if ('release' in target) target.release();
      }
      return rows;
    },
  };
}

function valueOf(slot: Slot, known: Known, now: number, ids: string[], requestId: string): unknown {
  switch (slot.is) {
    case 'constant':
      return slot.value;
    case 'bytes':
      return Buffer.from(slot.hex, 'hex');
    case 'time':
      return new Date(now + slot.offset);
    case 'new id':
      return (ids[slot.number] ??= uuidv7(now, randomBytes(10)));
    case 'request id':
      return requestId;
    case 'known': {
      const value = known[slot.name];
      if (value === undefined) throw new Error(`a statement needs ${slot.name}, which the floor does not know there`);
      return value;
    }
  }
}
