// What a client shows of itself in a request: by which method, and what there is to prove.
import { readAssertion } from '../../crypto/client-assertion.ts';
import type { ClientAuthMethod } from '../../domain/client.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';

/** How clients prove who they are: `authorization` is the header as it came. */
export type ClientCredentials = { readonly authorization: string | undefined; readonly params: Params };

/** RFC 6749 2.3, RFC 7521 4.2: the parameters by which clients prove who they are. None may come twice. */
export const credentialParameters = [
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
] as const;

/** A client and what is shown for it: a secret, an assertion, or nothing. */
export type Candidate = { readonly clientId: string; readonly shown: string };

/** `candidates`: the ways to read what was sent, of which one counts as a whole. */
export type Presented = {
  readonly method: ClientAuthMethod;
  readonly candidates: readonly Candidate[];
  /** What may be the reason if none of them counts. */
  readonly hint?: string;
};

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** @throws OAuthError invalid_request when two methods are used at once, invalid_client when there is none. */
export function presented({ authorization, params }: ClientCredentials): Presented {
  const [clientId, secret, assertion, type] = credentialParameters.map((name) => params.get(name));
  const used = [authorization, secret, assertion].filter((one) => one !== undefined);
  if (used.length > 1) throw new OAuthError('invalid_request', 'Use one way to authenticate, not two.');
  if (assertion !== undefined) return ofAssertion(assertion, type, clientId);
  if (authorization !== undefined) return ofBasic(authorization, clientId);
  if (clientId === undefined) throw new OAuthError('invalid_client', 'No client authentication was sent.');
  const candidates = [{ clientId, shown: secret ?? '' }];
  return { method: secret === undefined ? 'none' : 'client_secret_post', candidates };
}

/** RFC 7523 2.2. */
function ofAssertion(assertion: string, type: string | undefined, clientId: string | undefined): Presented {
  if (type !== assertionType)
    throw new OAuthError('invalid_request', `client_assertion_type must be ${assertionType}.`);
  const read = readAssertion(assertion);
  if (!read) throw new OAuthError('invalid_client', 'client_assertion is not a JWT that a client signed about itself.');
  if (clientId !== undefined && clientId !== read.clientId)
    throw new OAuthError('invalid_request', 'client_id differs from the sub of client_assertion.');
  return {
    method: read.alg === 'HS256' ? 'client_secret_jwt' : 'private_key_jwt',
    candidates: [{ clientId: read.clientId, shown: assertion }],
  };
}

/**
 * RFC 6749 2.3.1: both parts of HTTP Basic are form-encoded first. Many libraries leave that out: what came is taken both ways,
 * each time as a whole, and what cannot be decoded as it stands.
 */
function ofBasic(header: string, clientId: string | undefined): Presented {
  const match = /^basic +([A-Za-z0-9+/_-]+=*)$/i.exec(header);
  const raw = match && pairOf(Buffer.from(match[1]!, 'base64').toString('utf8'));
  if (!raw) throw new OAuthError('invalid_client', 'The Authorization header is not valid HTTP Basic.');
  const decoded = formDecoded(raw);
  const isSame = !decoded || (decoded.clientId === raw.clientId && decoded.shown === raw.shown);
  const candidates = (isSame ? [raw] : [decoded, raw]).filter(
    (one) => clientId === undefined || one.clientId === clientId,
  );
  if (candidates.length === 0)
    throw new OAuthError('invalid_request', 'client_id differs from the Authorization header.');
  // As in a form: an empty secret is none (RFC 6749 2.3.1).
  const method = raw.shown === '' ? 'none' : 'client_secret_basic';
  return decoded ? { method, candidates } : { method, candidates, hint: notEncoded };
}

const notEncoded = 'In HTTP Basic both are form-encoded first, a % as %25 (RFC 6749, 2.3.1).';

function pairOf(text: string): Candidate | undefined {
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { clientId: text.slice(0, colon), shown: text.slice(colon + 1) };
}

/** @throws URIError for a `%` that is none. */
function formDecodedPart(part: string): string {
  return /[%+]/.test(part) ? decodeURIComponent(part.replaceAll('+', ' ')) : part;
}

function formDecoded(raw: Candidate): Candidate | undefined {
  try {
    return { clientId: formDecodedPart(raw.clientId), shown: formDecodedPart(raw.shown) };
  } catch {
    return undefined;
  }
}
