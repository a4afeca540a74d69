// What `npm run bench:revocation` measured last, as docs/revocation.md shows it.
import { join } from 'node:path';
import { figure, markdownTable } from './tables.ts';

export const revocationFile = join(import.meta.dirname, 'results/revocation.json');

export type Revocation = {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  /** Milliseconds of the request that disables a person with so many live tokens. */
  readonly person: { readonly tokens: number; readonly p50: number; readonly max: number };
  /** Seconds from the acknowledged revocation until an API refuses the token. */
  readonly seen: {
    readonly apis: number;
    readonly revocations: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    readonly fetchesPerApiAndSecond: number;
    /** How often a token was looked at. */
    readonly checks: number;
    /** The load beside it. */
    readonly tokensPerSecond: number;
  };
  readonly weights: {
    readonly live: number;
    readonly revoked: number;
    readonly lists: number;
    readonly revokedPerMinute: number;
    /** Bytes of all lists, compressed. */
    readonly allLists: number;
    readonly bytesPerMinute: { readonly compressed: number; readonly plain: number };
  };
};

const begin = '<!-- measured: npm run bench:revocation -->';
const end = '<!-- end of what was measured -->';

/** The document with what was measured between its two marks. */
export function withMeasured(document: string, measured: Revocation): string {
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before < 0 || after < before) throw new Error('docs/revocation.md has no place for what was measured.');
  return `${document.slice(0, before + begin.length)}\n\n${revocationTables(measured)}\n\n${document.slice(after)}`;
}

export function revocationTables({ date, cpu, cores, person, seen, weights }: Revocation): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  return [
    `On ${date}, ${cores} cores of ${cpu}: one process of Signet on one core; PostgreSQL, the APIs and the load share the other.`,
    markdownTable(
      ['What', 'Measured'],
      [
        [
          `A token is revoked: refused by each of ${seen.apis} APIs, ${figure(seen.revocations)} times, beside ${figure(seen.tokensPerSecond)} token requests a second`,
          `p50 ${seen.p50} s, p99 ${seen.p99} s, at most ${seen.max} s`,
        ],
        [
          'What an API asked for that, each second',
          `${seen.fetchesPerApiAndSecond} lists or keys, and nothing for any of ${figure(seen.checks)} checks`,
        ],
        [
          `A person with ${person.tokens} live tokens is disabled: the whole request`,
          `p50 ${person.p50} ms, at most ${person.max} ms`,
        ],
        [
          `${figure(weights.live)} live tokens, half of them for a day, a tenth revoked: all ${weights.lists} lists`,
          megabytes(weights.allLists),
        ],
        [
          `The same: what one API reads in a minute that holds every list, while ${figure(weights.revokedPerMinute)} more are revoked, headers included`,
          `${megabytes(weights.bytesPerMinute.compressed)} with gzip, ${megabytes(weights.bytesPerMinute.plain)} without`,
        ],
      ],
      { texts: true },
    ),
  ].join('\n\n');
}
