// What every refusal owes: a 4xx that gives nothing away, signs nobody in and sends nobody elsewhere.
import { expect } from 'vitest';

export type Refused = {
  readonly status: number;
  readonly headers: Headers | Record<string, string | string[] | undefined>;
  readonly body: unknown;
};

const kept = /sg[crsukx]_[A-Za-z0-9_-]{43}|eyJ[\w-]+\.[\w-]+\.[\w-]+/;
const trace = /\n\s+at .+:\d+:\d+|node_modules|\.ts:\d+/;

/** The default oracle of an attack; `status` narrows it. */
export function expectRefused(answer: Refused, status?: number | readonly number[]): void {
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  const wanted = typeof status === 'number' ? [status] : status;
  if (wanted) expect(wanted, body).toContain(answer.status);
  expect(answer.status, body).toBeGreaterThanOrEqual(400);
  expect(answer.status, body).toBeLessThan(500);
  expect(header(answer, 'location')).toBeUndefined();
  expect(header(answer, 'set-cookie') ?? '').not.toMatch(/signet-[\w-]+-session(?:-\d+)?=[^;]/);
  expect(body).not.toMatch(kept);
  expect(body).not.toMatch(trace);
}

function header({ headers }: Refused, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
