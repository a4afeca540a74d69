// Statements: built once with Kysely, compiled on first use, sent prepared. Parameters are declared by their SQL type.
import {
  type Compilable,
  DummyDriver,
  type Expression,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely';
import { type Db, statementName } from './database.ts';
import type { DB } from './schema.ts';

/** The TypeScript type of each SQL type that parameters may have. Times are milliseconds. */
type SqlTypes = {
  uuid: string;
  text: string;
  'text[]': readonly string[];
  bytea: Buffer;
  boolean: boolean;
  integer: number;
  /** Below 2^53. */
  bigint: number;
  jsonb: unknown;
  timestamptz: number;
};
type Nullable = `${keyof SqlTypes}?`;
type ParamType = keyof SqlTypes | Nullable;
type Value<T> = T extends `${infer Base}?`
  ? Base extends keyof SqlTypes
    ? SqlTypes[Base] | null
    : never
  : T extends keyof SqlTypes
    ? SqlTypes[T]
    : never;
type ColumnValue<T> = T extends 'text[]' ? string[] : T extends 'text[]?' ? string[] | null : Value<T>;
type Values<P> = { readonly [K in keyof P]: Value<P[K]> };
/** The parameters as they stand in a statement, for parts that several statements share. */
export type Markers<P> = { readonly [K in keyof P]: Expression<ColumnValue<P[K]>> };

/** A piece of a statement that another one puts into it. */
export type Part = RawBuilder<unknown> | Expression<unknown>;

class Marker {
  readonly param: string;
  constructor(param: string) {
    this.param = param;
  }
}

const builder = new Kysely<DB>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

export type Statement<P, R> = {
  /** Every row. */
  all(db: Db, values: Values<P>): Promise<R[]>;
  /** The first row, or undefined. */
  first(db: Db, values: Values<P>): Promise<R | undefined>;
  /** The number of rows written or read. */
  run(db: Db, values: Values<P>): Promise<number>;
  /** As it is sent, for tests. */
  readonly text: string;
};

/**
 * A statement with typed parameters: `statement({ tenantId: 'uuid' }, (q, p) => q.selectFrom(...)...)`. A type with `?`
 * may be null. Each parameter is sent with a cast to its type, so that PostgreSQL never has to guess.
 */
export function statement<const P extends Readonly<Record<string, ParamType>>, R>(
  params: P,
  build: (q: Kysely<DB>, p: Markers<P>) => Compilable<R> | RawBuilder<R>,
): Statement<P, R> {
  let compiled: { text: string; name: string; order: readonly unknown[] } | undefined;
  const compile = () => {
    if (compiled) return compiled;
    const markers: Record<string, Expression<unknown>> = {};
    for (const [name, type] of Object.entries(params))
      markers[name] = sql`${sql.val(new Marker(name))}::${sql.raw(type.replace('?', ''))}`;
    const built = build(builder, markers as Markers<P>);
    const query = 'isRawBuilder' in built ? built.compile(builder) : built.compile();
    const { text, order } = eachParameterOnce(query.sql, query.parameters);
    compiled = { text, name: statementName(text), order };
    return compiled;
  };
  const send = async (db: Db, values: Values<P>) => {
    const { text, name, order } = compile();
    const sent = order.map((entry) =>
      entry instanceof Marker ? bind(params[entry.param]!, (values as Record<string, unknown>)[entry.param]) : entry,
    );
    return db.send({ text, name }, sent);
  };
  return {
    all: async (db, values) => (await send(db, values)).rows as R[],
    first: async (db, values) => (await send(db, values)).rows[0] as R | undefined,
    run: async (db, values) => (await send(db, values)).count,
    get text() {
      return compile().text;
    },
  };
}

/** A parameter that is mentioned several times is sent once. No text of ours has a `$1` that is not a parameter. */
function eachParameterOnce(text: string, parameters: readonly unknown[]): { text: string; order: unknown[] } {
  const order: unknown[] = [];
  const numbers = new Map<string, number>();
  const renumbered = text.replaceAll(/\$(\d+)/g, (_mention, number: string) => {
    const parameter = parameters[Number(number) - 1];
    const known = parameter instanceof Marker ? numbers.get(parameter.param) : undefined;
    if (known !== undefined) return `$${known}`;
    order.push(parameter);
    if (parameter instanceof Marker) numbers.set(parameter.param, order.length);
    return `$${order.length}`;
  });
  return { text: renumbered, order };
}

// One request binds the same time again and again.
let lastTime = NaN;
let lastText = '';

function timeText(milliseconds: number): string {
  if (milliseconds !== lastTime) {
    lastText = new Date(milliseconds).toISOString();
    lastTime = milliseconds;
  }
  return lastText;
}

function bind(type: ParamType, value: unknown): unknown {
  if (value === null) return null;
  if (value === undefined) throw new TypeError('a statement parameter was left out');
  if (type.startsWith('timestamptz')) return timeText(value as number);
  if (type.startsWith('jsonb')) return JSON.stringify(value);
  return value;
}
