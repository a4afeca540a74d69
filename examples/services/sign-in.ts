// Signing people in at Signet's first-party API, and what of its answers a client of the gateway gets to know.
import { patience } from './shop.ts';

export type SignedIn = {
  readonly access_token: string;
  readonly token_type: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  /** Sent along with the next sign-in, it keeps strangers who guess at the password from locking this device out. */
  readonly device?: string;
};

export type SignInRefusal = {
  readonly status: number;
  readonly code: string;
  /** For people. */
  readonly detail: string;
  /** Seconds, as `Retry-After` has them. */
  readonly retryAfter?: string | undefined;
};

export type Credentials = {
  readonly username: string;
  readonly password: string;
  readonly device?: string | undefined;
};

/** Signs somebody in who comes from `address`: tokens, or why there are none. Rejects with nothing. */
export type SignIn = (
  credentials: Credentials,
  address: string,
) => Promise<
  | { readonly tokens: SignedIn; readonly refusal?: undefined }
  | { readonly refusal: SignInRefusal; readonly tokens?: undefined }
>;

/** The codes of Signet that are about the person who signs in. All others are about the gateway. */
const aboutThePerson = new Set([
  'wrong_credentials',
  'password_change_required',
  'unmet_authentication_requirements',
  'too_many_attempts',
]);

/** Signs people in as a confidential first-party client, for one resource. */
export function signInAt(
  client: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string },
  wanted: { readonly resource: string; readonly scope: string },
): SignIn {
  const named = { client_id: client.clientId, client_secret: client.clientSecret };
  return async (credentials, address) => {
    try {
      const answer = await fetch(`${client.issuer}/auth/login`, {
        method: 'POST',
        // Who asks, for Signet to count guesses by: believed where TRUST_PROXY names the gateway.
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ ...named, ...wanted, ...credentials }),
        redirect: 'error',
        signal: AbortSignal.timeout(2 * patience),
      });
      return outcomeOf(answer, (await answer.json()) as Record<string, unknown>);
    } catch {
      return { refusal: away() };
    }
  };
}

function outcomeOf({ status, ok, headers }: Response, body: Record<string, unknown>): Awaited<ReturnType<SignIn>> {
  const retryAfter = headers.get('retry-after') ?? undefined;
  // Half a sign-in has a token too, which is for Signet alone: it stays here.
  if (ok && body['mfa_required'] === true) return { refusal: secondFactor };
  // The refresh token stays here as well: only the gateway could use it.
  if (ok) {
    const { access_token, token_type, expires_in, scope, device } = body as SignedIn;
    return { tokens: { access_token, token_type, expires_in, scope, ...(device !== undefined && { device }) } };
  }
  const { code, detail } = body as { code: string; detail: string };
  if (aboutThePerson.has(code)) return { refusal: { status, code, detail, retryAfter } };
  if (status === 503) return { refusal: away(retryAfter) };
  if (code === 'malformed' || code === 'invalid_input')
    return { refusal: { status: 400, code: 'invalid_input', detail: 'This is no username and password.' } };
  // A secret that is wrong, a client or a resource that is not registered: nothing that who signs in could mend.
  console.error(`Signet refuses the gateway: ${status} ${code}: ${detail}`);
  return { refusal: { status: 502, code: 'bad_gateway', detail: 'Nobody can sign in here at the moment.' } };
}

const secondFactor: SignInRefusal = {
  status: 403,
  code: 'second_factor_required',
  detail: 'A second factor is needed, which is not asked for here. Sign in with a browser.',
};

function away(retryAfter = '5'): SignInRefusal {
  const detail = 'Nobody can sign in at the moment. Try again soon.';
  return { status: 503, code: 'temporarily_unavailable', detail, retryAfter };
}
