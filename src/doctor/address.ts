// PUBLIC_URL as applications see it: whether it leads here, and says of itself what tokens say.
import { type Answer, getFromOutside } from './outside.ts';
import { type Finding, ok, problem } from '../domain/finding.ts';

/** RFC 8414 3.3 and OpenID Connect Discovery 4.3: the issuer found at an address must be that address. `patience` in milliseconds. */
export async function checkAddress(publicUrl: string, patience: number): Promise<Finding[]> {
  const url = `${publicUrl}/.well-known/openid-configuration`;
  const answer = await getFromOutside(url, patience);
  if (answer.kind === 'failure') return [unreachable(url, publicUrl, answer)];
  if (answer.location !== undefined) return [redirected(url, publicUrl, answer.location)];
  if (answer.status !== 200)
    return [
      problem(
        'address',
        `${url} answers with status ${answer.status}.`,
        answer.status >= 500
          ? 'Start Signet, or look into its log; a proxy in front of it must find it under HOST and PORT.'
          : 'Something else answers there: let PUBLIC_URL, and the proxy in front, lead to Signet with the path unchanged.',
      ),
    ];
  const issuer = issuerIn(answer.body);
  if (issuer === publicUrl) return [ok('address', `${publicUrl} leads to Signet.`)];
  if (issuer === undefined)
    return [
      problem(
        'address',
        `${url} does not answer with a discovery document.`,
        'Something else answers there: let PUBLIC_URL, and the proxy in front, lead to Signet with the path unchanged.',
      ),
    ];
  return [otherIssuer(publicUrl, issuer)];
}

function issuerIn(body: string): string | undefined {
  try {
    const { issuer } = JSON.parse(body) as { issuer?: unknown };
    return typeof issuer === 'string' ? issuer.slice(0, 200) : undefined;
  } catch {
    return undefined;
  }
}

function otherIssuer(publicUrl: string, issuer: string): Finding {
  const seen = `At ${publicUrl} the issuer is ${JSON.stringify(issuer)}; every client refuses tokens of it.`;
  const differsInScheme = issuer.replace(/^https?:/, '') === publicUrl.replace(/^https?:/, '');
  return problem(
    'address',
    seen,
    differsInScheme
      ? 'http and https are mixed up: set PUBLIC_URL, for every process, to the address that browsers use, and restart Signet; the proxy must not rewrite what Signet answers.'
      : 'Another installation answers there, or one with another PUBLIC_URL: let the address lead here, or set PUBLIC_URL to what it was at the first start.',
  );
}

function redirected(url: string, publicUrl: string, location: string): Finding {
  const target = URL.parse(location, url);
  const { protocol } = new URL(publicUrl);
  const mixed = target !== null && target.protocol !== protocol;
  return problem(
    'address',
    `${url} redirects to ${(target?.href ?? location).slice(0, 200)}.`,
    mixed
      ? `The proxy answers ${protocol.slice(0, -1)} with a redirect to ${target.protocol.slice(0, -1)}: set PUBLIC_URL to the address that browsers end up at, if nothing was issued yet, or take the redirect away.`
      : 'Clients do not follow it: take the redirect away, so that PUBLIC_URL itself leads to Signet.',
  );
}

function unreachable(url: string, publicUrl: string, { code, message }: Extract<Answer, { kind: 'failure' }>): Finding {
  const { hostname, protocol } = new URL(publicUrl);
  const why = code === 'timeout' ? 'no answer in time' : message || code;
  const seen = `${url} cannot be fetched from this machine (${why}).`;
  if (/^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/.test(code))
    return problem(
      'address',
      seen,
      'Clients will refuse its certificate as well: see what is said about the certificate.',
    );
  if (/^(?:ERR_SSL|EPROTO)/.test(code) && protocol === 'https:')
    return problem(
      'address',
      seen,
      'No TLS is spoken there: set TLS_CERT and TLS_KEY, or let a proxy that speaks TLS listen at PUBLIC_URL.',
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return problem('address', seen, `Give ${hostname} an address in DNS, or correct PUBLIC_URL.`);
  return problem(
    'address',
    seen,
    `Start Signet. If it runs, see that PUBLIC_URL leads to it: port, proxy, firewall, and whether ${protocol.slice(0, -1)} is spoken there. Behind a firewall that only lets others in, run this from outside.`,
  );
}
