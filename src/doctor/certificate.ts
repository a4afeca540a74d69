// Certificates: how long the one of TLS_CERT, and the one that others see, are still good.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Deps } from '../deps.ts';
import { shownCertificate } from './outside.ts';
import { type Finding, ok, problem, warning } from '../domain/finding.ts';

const dayLong = 24 * 3600_000;

/** Milliseconds before the end from which on somebody should renew it. */
const soon = 14 * dayLong;

/** The certificate in `pem`, the first of a chain, as the setting TLS_CERT gave it. */
export function checkCertificate({ clock }: Pick<Deps, 'clock'>, pem: string, publicUrl: string): Finding[] {
  const certificate = new X509Certificate(pem);
  const { hostname } = new URL(publicUrl);
  const findings = [judgeEnd('The certificate of TLS_CERT', certificate.validToDate.getTime(), clock())];
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isForHost = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  if (isForHost === undefined)
    findings.push(
      problem(
        'certificate',
        `The certificate of TLS_CERT is not for ${host}, the host of PUBLIC_URL.`,
        `Get a certificate for ${host}, and name it in TLS_CERT with its key in TLS_KEY.`,
      ),
    );
  return findings;
}

/** The certificate that clients are shown at an https address. `patience` in milliseconds. */
export async function checkShownCertificate(
  { clock }: Pick<Deps, 'clock'>,
  publicUrl: string,
  patience: number,
): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(publicUrl);
  if (protocol !== 'https:') return [];
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const shown = await shownCertificate(host, port === '' ? 443 : Number(port), patience);
  if (!shown) return [];
  const findings = [judgeEnd(`The certificate seen at ${publicUrl}`, shown.validTo, clock())];
  if (shown.distrust !== undefined && shown.distrust !== 'CERT_HAS_EXPIRED')
    findings.push(
      warning(
        'certificate',
        `This machine does not trust the certificate seen at ${publicUrl} (${shown.distrust}).`,
        'Use one of an authority that every client knows, with its whole chain; for an authority of your own, name its certificate in NODE_EXTRA_CA_CERTS.',
      ),
    );
  return findings;
}

function judgeEnd(what: string, end: number, now: number): Finding {
  const date = new Date(end).toISOString().slice(0, 10);
  const todo = 'Renew it, and let whoever speaks TLS read the new one; see that renewal happens by itself.';
  if (end <= now) return problem('certificate', `${what} has expired on ${date}.`, todo);
  const days = Math.floor((end - now) / dayLong);
  if (end - now < soon)
    return warning('certificate', `${what} expires in ${days === 1 ? 'one day' : `${days} days`} (${date}).`, todo);
  return ok('certificate', `${what} is good until ${date}.`);
}
