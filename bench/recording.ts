// One request of each row, run once by a Signet in this process: what it sends to the database, signs, verifies and hashes, in this order.
import { createHash } from 'node:crypto';
import type { SecretBox } from '../src/crypto/secret-box.ts';
import type { SentStatement } from '../src/storage/database.ts';
import type { Answer } from './load.ts';
import type { Counted } from './results.ts';
import type { Target } from './world.ts';

/** The rows that ask the database or sign something. */
export const recordedRows = [
  'authorize',
  'code',
  'refresh',
  'userinfo',
  'client-credentials',
  'introspect',
  'password',
  'auth-login',
  'auth-refresh',
  'auth-mfa',
] as const;
export type RecordedRow = (typeof recordedRows)[number];

/** A value of a statement, and where the floor takes it from. */
export type Slot =
  | { readonly is: 'constant'; readonly value: string | number | boolean | null | readonly string[] }
  | { readonly is: 'bytes'; readonly hex: string }
  /** Milliseconds from the time of the request. */
  | { readonly is: 'time'; readonly offset: number }
  /** A UUIDv7 of the request, the same wherever this number stands. */
  | { readonly is: 'new id'; readonly number: number }
  | { readonly is: 'request id' }
  /** What the floor knows from the request, has made for the answer, or has read before. */
  | { readonly is: 'known'; readonly name: string };

export type Step =
  | { readonly is: 'statement'; readonly text: string; readonly name: string; readonly slots: readonly Slot[] }
  | { readonly is: 'sign'; readonly algorithm: 'ES256' | 'RS256' }
  | { readonly is: 'verify' }
  | { readonly is: 'hash' };

/** How one request of a row is recorded. */
export type Recorder = {
  readonly databaseUrl: string;
  readonly box: SecretBox;
  readonly target: Target;
  /** Sends it and waits for the answer. @throws Error when its status is another. */
  readonly meet: (request: string, status: number) => Promise<Answer>;
  /** Keeps what the last request did as the row's; `known` are the values that the floor will know by these names. */
  readonly keep: (row: RecordedRow, known: Readonly<Record<string, string | Buffer>>) => void;
  /** The hash of the session that the last request began, of which nobody gets the secret. */
  readonly sessionHash: () => Buffer;
};

/** What happened, before it is known what the values are. */
export type Happened = { readonly statement: SentStatement } | Exclude<Step, { is: 'statement' }>;

/** What the values of one request are: by name, with when the request came. */
export type Meaning = {
  readonly now: number;
  readonly known: Readonly<Record<string, string | Buffer>>;
  readonly requestIds: ReadonlySet<string>;
};

export function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

/** What an access token's claims say that it is of. */
export function idsIn(claims: Readonly<Record<string, unknown>>): Record<'grantId' | 'sessionId' | 'userId', string> {
  return { grantId: String(claims['grant_id']), sessionId: String(claims['sid']), userId: String(claims['sub']) };
}

/** What the process does by itself, beside requests. */
const background = /\bchanges\b|\bpg_snapshot_xmin\b|\bleases\b/;

export function stepsOf(happened: readonly Happened[], meaning: Meaning): Step[] {
  const newIds: string[] = [];
  const steps = happened
    .filter((step) => 'is' in step || !background.test(step.statement.text))
    .map((step): Step => {
      if ('is' in step) return step;
      const { text, name, values } = step.statement;
      if (name === undefined) throw new Error(`Signet sends this without a name: ${text}`);
      return { is: 'statement', text, name, slots: values.map((value) => slotOf(value, meaning, newIds)) };
    });
  // The floor would count all attempts in the one row of the recorded request, and wait for itself.
  if (meaning.known['limitKey'] !== undefined && !steps.some((step) => knows(step, 'limitKey')))
    throw new Error('the attempt of a recorded request is counted elsewhere than the floor will count');
  return steps;
}

function knows(step: Step, name: string): boolean {
  return step.is === 'statement' && step.slots.some((slot) => slot.is === 'known' && slot.name === name);
}

function slotOf(value: unknown, { now, known, requestIds }: Meaning, newIds: string[]): Slot {
  for (const [name, candidate] of Object.entries(known)) if (isSame(value, candidate)) return { is: 'known', name };
  if (value instanceof Date) return { is: 'time', offset: value.getTime() - now };
  if (Buffer.isBuffer(value)) return { is: 'bytes', hex: value.toString('hex') };
  if (typeof value === 'string' && timeOfId(value) === now) {
    if (!newIds.includes(value)) newIds.push(value);
    return { is: 'new id', number: newIds.indexOf(value) };
  }
  if (typeof value === 'string' && requestIds.has(value)) return { is: 'request id' };
  return { is: 'constant', value: value as string | number | boolean | null | readonly string[] };
}

function isSame(value: unknown, candidate: string | Buffer): boolean {
  if (Buffer.isBuffer(candidate)) return Buffer.isBuffer(value) && candidate.equals(value);
  return value === candidate;
}

/** RFC 9562 5.7: the milliseconds in a UUIDv7; NaN for what is none. */
function timeOfId(value: string): number {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(value);
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : Number.NaN;
}

export function countSteps(steps: readonly Step[]): Counted {
  const count = (isCounted: (step: Step) => boolean) => steps.filter(isCounted).length;
  return {
    roundTrips: count(({ is }) => is === 'statement'),
    es256: count((step) => step.is === 'sign' && step.algorithm === 'ES256'),
    rs256: count((step) => step.is === 'sign' && step.algorithm === 'RS256'),
    verifications: count(({ is }) => is === 'verify'),
    argon2id: count(({ is }) => is === 'hash'),
  };
}
