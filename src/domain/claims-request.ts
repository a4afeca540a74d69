// The `claims` parameter of an authorization request: which claims are asked for by their names, and with which values.

/** What a request asks to be told by name, as far as its client may: kept with the request and its grant. */
export type RequestedClaims = {
  readonly userinfo: readonly string[];
  readonly id_token: readonly string[];
  /** The scopes that would tell as much: what the person is asked to allow. */
  readonly scopes: readonly string[];
};

/** OpenID Connect Core 1.0 5.5 and 5.5.1: what the parameter says. */
export type ClaimsParameter = {
  readonly userinfo: readonly string[];
  readonly idToken: readonly string[];
  /** Whoever signs in must be one of these; empty: anybody. */
  readonly subjects: readonly string[];
  /** `acr` as it is asked of the ID token. */
  readonly acr: { readonly values: readonly string[]; readonly isEssential: boolean } | undefined;
};

const longest = 4000;
const longestValue = 1000;
const mostClaims = 50;

/** @returns undefined for what is no such JSON. Members that are not known are passed over. */
export function parseClaimsParameter(text: string): ClaimsParameter | undefined {
  const asked = text.length > longest ? undefined : objectIn(text);
  if (!asked) return undefined;
  const places = (['userinfo', 'id_token'] as const).map((place) => entriesOf(asked, place));
  const [userinfo, idToken] = places;
  if (!userinfo || !idToken) return undefined;
  const acr = idToken.get('acr');
  return {
    userinfo: [...userinfo.keys()],
    idToken: [...idToken.keys()],
    subjects: places.flatMap((entries) => entries?.get('sub')?.values ?? []),
    acr: acr && acr.values.length > 0 ? acr : undefined,
  };
}

type Wanted = { readonly values: readonly string[]; readonly isEssential: boolean };

/** The claims that one place names; none when it is not there. */
function entriesOf(asked: Readonly<Record<string, unknown>>, place: string): Map<string, Wanted> | undefined {
  if (!Object.hasOwn(asked, place)) return new Map();
  const members = asked[place];
  if (!isObject(members) || Object.keys(members).length > mostClaims) return undefined;
  const entries = new Map<string, Wanted>();
  for (const [name, wanted] of Object.entries(members)) {
    if (wanted !== null && !isObject(wanted)) return undefined;
    const { essential, value, values } = wanted ?? {};
    if (values !== undefined && !Array.isArray(values)) return undefined;
    const given = [value, values ?? []].flat().filter((one): one is string => typeof one === 'string');
    if (![name, ...given].every(isPlainText)) return undefined;
    entries.set(name, { values: given, isEssential: essential === true });
  }
  return entries;
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As in all other parameters: what PostgreSQL cannot hold is in none, and nothing goes on for ever. */
function isPlainText(text: string): boolean {
  return text.length <= longestValue && text.isWellFormed() && !text.includes('\0');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
