// What a run gives: the rows, what each measures and composes, and the shape of results/latest.json.
import type { Machine } from './machine.ts';

export const rowNames = [
  'discovery',
  'jwks',
  'authorize',
  'code',
  'refresh',
  'userinfo',
  'flow',
  'client-credentials',
  'introspect',
  'password',
  'auth-login',
  'auth-refresh',
  'auth-mfa',
] as const;
export type RowName = (typeof rowNames)[number];

export const servers = ['floor', 'signet', 'peer'] as const;
export type ServerName = (typeof servers)[number];

export type RowText = {
  /** What one unit of the row is. */
  readonly unit: string;
  /** What the floor does for it. */
  readonly floor: string;
  /** What the peer does otherwise than Signet, or why it has no such row. */
  readonly peer?: string;
};

export const rowTexts: Readonly<Record<RowName, RowText>> = {
  discovery: {
    unit: "The issuer's metadata document.",
    floor: "Signet's own answer, headers and body, as a ready buffer.",
  },
  jwks: { unit: 'The key set, two keys.', floor: 'A key set of two keys as a ready buffer.' },
  authorize: {
    unit: 'An authorization request of a signed-in browser, answered with a code (303).',
    floor: "Query parsed, cookie hashed, Signet's statements, a random code hashed.",
  },
  code: {
    unit: 'A code with PKCE for access token, ID token and refresh token; each code is fresh.',
    floor:
      "Form parsed, secret checked (HMAC), PKCE hash, Signet's statements, one ES256 and one RS256 signature by jose.",
  },
  refresh: {
    unit: 'A refresh with rotation and ID token; each connection goes on with the token it got.',
    floor: "Form parsed, secret checked (HMAC), Signet's statements, one ES256 and one RS256 signature by jose.",
  },
  userinfo: {
    unit: 'The claims of the user of an access token.',
    floor:
      "Signet's statement, the claims as JSON. A token's ES256 signature is verified by jose the first time only, and then found in a map.",
    peer: 'Its UserInfo takes opaque access tokens only, so it looks the token up and verifies no signature.',
  },
  flow: {
    unit: 'A whole code flow of a signed-in browser: authorization request, then exchange.',
    floor: 'The floors of `authorize` and `code`, one after the other.',
  },
  'client-credentials': {
    unit: 'An access token of a client for itself, for one registered resource.',
    floor: 'Form parsed, secret checked (HMAC), one ES256 signature by jose.',
  },
  introspect: {
    unit: "Whether a person's access token for a resource stands, asked by the client that serves this resource; each connection has a token of its own.",
    floor:
      "Form parsed, secret checked (HMAC), Signet's statement, the claims as JSON. A token's ES256 signature is verified by jose the first time only, and then found in a map.",
    peer: 'It refuses to introspect JWTs, so its tokens are opaque and for no resource: it looks three rows up and verifies no signature.',
  },
  password: {
    unit: 'The sign-in form with a right password; each attempt is fresh, the browser is known to the account.',
    floor: "Form parsed, cookies hashed, Signet's statements, one Argon2id of the same cost and concurrency.",
    peer: 'It has no sign-in page of its own: an application brings one.',
  },
  'auth-login': {
    unit: '`POST /auth/login` with a right password; the device is known to the account, and without the scope `openid` there is no ID token.',
    floor:
      "JSON parsed, Signet's statements, one Argon2id of the same cost and concurrency, one ES256 signature by jose.",
    peer: 'It has no sign-in without a browser: whoever wants one builds it.',
  },
  'auth-refresh': {
    unit: '`POST /auth/refresh` of the built-in public client, with rotation; each connection goes on with the token it got.',
    floor: "JSON parsed, Signet's statements, one ES256 signature by jose.",
    peer: 'It has no first-party API; its token endpoint is in the row `refresh`.',
  },
  'auth-mfa': {
    unit: '`POST /auth/mfa/verify`: a half-done sign-in and its second factor, both fresh, of a person with TOTP and ten recovery codes. A recovery code stands for the code, because a TOTP code can be used only once in 30 s; a TOTP code costs up to three HMAC-SHA1 more.',
    floor:
      "JSON parsed, one HS256 verification by jose, Signet's statements, the code hashed and compared, one ES256 signature by jose.",
    peer: 'It knows no second factors: an application brings them.',
  },
};

/** Medians over the rounds. Times per unit of the row, not per request. */
export type Measured = {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of CPU per unit; null where it cannot be read. */
  readonly serverCpu: number | null;
  readonly postgresCpu: number | null;
  /** How much of its core the server used, in percent: well below 100, something else was the limit. */
  readonly busy: number | null;
  /** MiB of memory of the server right after. */
  readonly memory: number | null;
};

export type RowResult = { readonly floor: Measured; readonly signet: Measured; readonly peer?: Measured };

/** What one unit of a row costs Signet, counted and not timed. */
export type Counted = {
  /** Statements sent, BEGIN and COMMIT among them. */
  readonly roundTrips: number;
  readonly es256: number;
  readonly rs256: number;
  readonly verifications: number;
  readonly argon2id: number;
};

export type Starts = {
  /** MiB after the start, with the database elsewhere, before the first request. */
  readonly idleMemory: number | null;
  /** Milliseconds from the start of the process, with data in its DATA_DIR, to the first token. */
  readonly cold: number;
  /** The same from `startSignet()` of `signet/testing`: the first of a process, and one after it. */
  readonly firstInTest: number;
  readonly nextInTest: number;
};

/** What access tokens are signed with in the measurement of `signet/verifier`. RSA keys have 3072 bits. */
export const verifyAlgs = ['ES256', 'RS256'] as const;
export type VerifyAlg = (typeof verifyAlgs)[number];

/** How a token is verified: by a verifier that remembers tokens, by one that does not, and by jose alone. */
export const verifyWays = ['cached', 'uncached', 'jose'] as const;
export type VerifyWay = (typeof verifyWays)[number];

/** Verifications per second in one process on one core: medians over the rounds. */
export type Verified = Readonly<Record<VerifyWay, number>> & {
  /** `uncached` of `jose`: the median of what it was in each round. */
  readonly uncachedOfJose: number;
};

export type Results = {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly rows: Readonly<Record<RowName, RowResult>>;
  readonly counted: Readonly<Record<RowName, Counted>>;
  readonly verify: Readonly<Record<VerifyAlg, Verified>>;
  readonly starts: Starts;
};

/** How much faster than the floor Signet may seem, by chance. */
const chance = 1.1;

/** Why a row is not worth to be written down: the floor does a part of what Signet does, and so cannot be slower. */
export function nonsenseIn({ floor, signet }: RowResult): string | undefined {
  const { serverCpu } = signet;
  if (signet.perSecond > floor.perSecond * chance) return 'Signet answered more than the floor';
  if (serverCpu !== null && floor.serverCpu !== null && serverCpu * chance < floor.serverCpu)
    return 'Signet took less CPU than the floor';
  return undefined;
}

/** The middle value; of an even number the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** Of values in ascending order: the smallest that is not below `share` of all. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
