// What a verifier can be told, with the defaults; every mistake in it is found when the verifier is made.

export type Revocation = 'closed' | 'open' | 'off';

export type VerifierOptions = {
  /** The `iss` of every token, character by character: an https URL, or http on this machine. */
  readonly issuer: string;
  /** This API's identifier, or several: a token must be for one of them. */
  readonly audience: string | readonly string[];
  /** Signature algorithms: ES256, RS256, PS256 and EdDSA unless given. */
  readonly algorithms?: readonly string[] | undefined;
  /** Of the header's `typ`: `at+jwt` unless given. With `JWT`, a token must have `client_id`, `jti` and `scope` as no ID token has. */
  readonly types?: readonly ('at+jwt' | 'JWT')[] | undefined;
  /** Seconds by which the two clocks may differ, 0 to 300: 5 unless given. */
  readonly clockTolerance?: number | undefined;
  /** How many verified tokens are remembered: 10,000 unless given, 0 for none. */
  readonly cachedTokens?: number | undefined;
  /** Seconds for which keys are used without asking again, whatever the issuer says: 300 unless given. */
  readonly keysMaxAge?: number | undefined;
  /** Seconds between two successful fetches at least, whatever tokens come: 30 unless given. */
  readonly keysCooldown?: number | undefined;
  /** Seconds for which keys are used while the issuer is out of reach: 86,400 unless given. */
  readonly keysOfflineFor?: number | undefined;
  /**
   * What becomes of a token of which it cannot be known whether it was revoked, because its status list cannot be had:
   * `closed` (unless given) takes none, `open` takes it for `listsOfflineFor` seconds after fetching the list began to fail.
   * With `off` it is never asked whether a token was revoked.
   */
  readonly revocation?: Revocation | undefined;
  /** Seconds for which a status list is used without asking again, whatever the issuer says, 1 to 3,600: 30 unless given. */
  readonly listsMaxAge?: number | undefined;
  /** Seconds for which a status list is used beyond that while it cannot be fetched, 0 to 86,400: 300 unless given. */
  readonly listsOfflineFor?: number | undefined;
  /** Milliseconds for one fetch: 5,000 unless given. */
  readonly timeout?: number | undefined;
  /** Takes an issuer by http that is not on this machine: whoever is on the way can then make tokens. */
  readonly allowHttp?: boolean | undefined;
  /** RFC 9728 5.1: where this API's metadata stands; every challenge names it. */
  readonly resourceMetadata?: string | undefined;
  /** Told why each time that the keys or a status list cannot be fetched: for the log, because what is there goes on meanwhile. */
  readonly onFetchFailed?: ((cause: unknown) => void) | undefined;
  /** `fetch` as it is when the verifier is made, unless given. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The time in milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
};

/** The options, complete and checked. */
export type Settings = {
  readonly [
    Name in Exclude<keyof VerifierOptions, 'resourceMetadata' | 'audience' | 'types' | 'onFetchFailed'>
  ]-?: NonNullable<VerifierOptions[Name]>;
} & {
  readonly audience: readonly string[];
  readonly types: readonly string[];
  readonly resourceMetadata: string | undefined;
  readonly onFetchFailed: ((cause: unknown) => void) | undefined;
};

/** Of access tokens unless others are given. A status list is taken under any of them, because its issuer signs all lists alike. */
export const usualAlgorithms: readonly string[] = ['ES256', 'RS256', 'PS256', 'EdDSA'];

const asymmetric = /^(?:(?:ES|RS|PS)(?:256|384|512)|EdDSA|Ed25519)$/;

/** The defaults, and the bounds of each number. */
const numbers = {
  clockTolerance: [5, 0, 300, 'seconds'],
  cachedTokens: [10_000, 0, 10_000_000, 'tokens'],
  keysMaxAge: [300, 1, 86_400, 'seconds'],
  keysCooldown: [30, 1, 3600, 'seconds'],
  keysOfflineFor: [86_400, 0, 30 * 86_400, 'seconds'],
  listsMaxAge: [30, 1, 3600, 'seconds'],
  listsOfflineFor: [300, 0, 86_400, 'seconds'],
  timeout: [5000, 1, 60_000, 'milliseconds'],
} as const;

const others = [
  'issuer',
  'audience',
  'algorithms',
  'types',
  'revocation',
  'allowHttp',
  'resourceMetadata',
  'onFetchFailed',
  'fetch',
  'now',
];

/** The options with their defaults. @throws TypeError that says what to do */
export function checkedOptions(options: VerifierOptions): Settings {
  const {
    issuer,
    audience,
    algorithms,
    types,
    revocation = 'closed',
    allowHttp = false,
    resourceMetadata,
    onFetchFailed,
    fetch,
    now,
  } = options;
  for (const name of Object.keys(options))
    if (!others.includes(name) && !Object.hasOwn(numbers, name))
      throw new TypeError(
        `${name} is no option of a verifier. There are: ${[...others, ...Object.keys(numbers)].join(', ')}.`,
      );
  const lifetimes = numbersOf(options);
  if (lifetimes.keysCooldown > lifetimes.keysMaxAge)
    throw new TypeError('keysCooldown must not be longer than keysMaxAge.');
  return {
    issuer: checkedIssuer(issuer, allowHttp),
    audience: strings(
      'audience',
      typeof audience === 'string' ? [audience] : audience,
      'Give the identifier of this API.',
    ),
    algorithms: strings('algorithms', algorithms ?? usualAlgorithms, 'Leave it out, or name some.', (one) =>
      asymmetric.test(one) ? undefined : `${one} is no algorithm with a public key. Take ES256, RS256, PS256 or EdDSA.`,
    ),
    types: strings('types', types ?? ['at+jwt'], 'Leave it out, or give at+jwt, JWT or both.', (one) =>
      ['at+jwt', 'JWT'].includes(one) ? undefined : `${one} is no type of access tokens. Take at+jwt or JWT.`,
    ),
    revocation: checkedRevocation(revocation),
    ...lifetimes,
    allowHttp,
    onFetchFailed,
    resourceMetadata: resourceMetadata === undefined ? undefined : checkedAddress(resourceMetadata),
    fetch: fetch ?? globalThis.fetch,
    now: now ?? Date.now,
  };
}

function numbersOf(options: VerifierOptions): Record<keyof typeof numbers, number> {
  const entries = Object.entries(numbers).map(([name, [usual, least, most, unit]]) => {
    const given = options[name as keyof typeof numbers] ?? usual;
    if (!(Number.isInteger(given) && given >= least && given <= most))
      throw new TypeError(`${name} must be a whole number of ${unit} from ${least} to ${most}.`);
    return [name, given] as const;
  });
  return Object.fromEntries(entries) as Record<keyof typeof numbers, number>;
}

function checkedRevocation(revocation: Revocation): Revocation {
  if (['closed', 'open', 'off'].includes(revocation)) return revocation;
  throw new TypeError('revocation must be closed, open or off.');
}

/** RFC 8414 2: a URL without query and fragment. */
function checkedIssuer(issuer: string, allowHttp: boolean): string {
  const url = typeof issuer === 'string' ? URL.parse(issuer) : null;
  if (!url || !/^https?:$/.test(url.protocol) || /[?#\s]/.test(issuer) || url.username !== '' || url.password !== '')
    throw new TypeError('issuer must be the URL of the issuer, as it stands in tokens: https://…');
  if (url.protocol === 'https:') return issuer;
  if (url.protocol === 'http:' && (allowHttp || isLoopback(url.hostname))) return issuer;
  throw new TypeError(
    'issuer must be of https: whoever is on the way could make tokens. To allow http, set allowHttp.',
  );
}

/** RFC 6761 6.3, RFC 1122 3.2.1.3, RFC 4291 2.5.3: a host that is this machine, as `URL.hostname` writes it. */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

function checkedAddress(address: string): string {
  if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return address;
  throw new TypeError('resourceMetadata must be the URL of the metadata of this API.');
}

function strings(
  name: string,
  given: readonly string[],
  advice: string,
  mistake: (one: string) => string | undefined = () => undefined,
): readonly string[] {
  if (!Array.isArray(given) || given.length === 0 || !given.every((one) => typeof one === 'string' && one !== ''))
    throw new TypeError(`${name} is missing or empty. ${advice}`);
  for (const one of given as readonly string[]) {
    const problem = mistake(one);
    if (problem !== undefined) throw new TypeError(`${name}: ${problem}`);
  }
  return Object.freeze([...given]);
}
