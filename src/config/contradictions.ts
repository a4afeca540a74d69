// Which settings do not go together.
import { createSecureContext } from 'node:tls';
import { cheapHashes } from './hash-floor.ts';
import { smsContradiction } from './outbound.ts';
import type { SettingName, Values } from './settings.ts';

/**
 * Says which settings do not go together. What is given but malformed is already a problem, and counts as given here.
 * `without`: those that were not looked at, of which nothing can be said.
 */
export function contradictions(
  present: ReadonlySet<SettingName>,
  values: Values,
  without: ReadonlySet<SettingName> = new Set(),
): string[] {
  const problems: string[] = [];
  for (const [one, other] of [
    ['TLS_CERT', 'TLS_KEY'],
    ['TLS_KEY', 'TLS_CERT'],
    ['SMTP_URL', 'MAIL_FROM'],
    ['MAIL_FROM', 'SMTP_URL'],
    ['ADMIN_EMAIL', 'ADMIN_PASSWORD'],
    ['ADMIN_PASSWORD', 'ADMIN_EMAIL'],
  ] as const) {
    if (present.has(one) && !present.has(other)) problems.push(`${one} is set without ${other}. Set both or neither.`);
  }
  const { TLS_CERT: cert, TLS_KEY: key } = values;
  if (cert !== undefined && key !== undefined && !fitTogether(cert, key)) {
    problems.push('TLS_KEY is not the private key of TLS_CERT. Give the two files that were issued together.');
  }
  const tls = present.has('TLS_CERT') || present.has('TLS_KEY');
  const scheme = present.has('PUBLIC_URL') ? values.PUBLIC_URL?.split(':')[0] : 'http';
  if (tls && scheme === 'http') {
    problems.push(
      'PUBLIC_URL must start with https:// when TLS_CERT and TLS_KEY are set. Set it to the https address.',
    );
  }
  if (scheme === 'https' && !tls && !present.has('TRUST_PROXY') && !without.has('TRUST_PROXY')) {
    problems.push(
      'PUBLIC_URL is https, but nothing here speaks TLS. Set TLS_CERT and TLS_KEY, or TRUST_PROXY to the address of the proxy that does.',
    );
  }
  if (values.METRICS_PORT !== undefined && values.METRICS_PORT === values.PORT) {
    problems.push('METRICS_PORT is the same as PORT. Set it to another: the metrics are not for the public.');
  }
  if (present.has('DATABASE_URL') && !present.has('SECRET_KEY')) {
    problems.push(
      'SECRET_KEY is required with DATABASE_URL, the same for all processes. Make one with: openssl rand -base64 32',
    );
  }
  const sms = smsContradiction(values.SMS_URL, values.OUTBOUND_ALLOW);
  if (sms !== undefined) problems.push(sms);
  return [...problems, ...cheapHashes(values)];
}

function fitTogether(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}
