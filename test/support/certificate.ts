// A self-signed certificate, made anew for each run.
import { generateKeyPairSync, sign } from 'node:crypto';

/**
 * A self-signed P-256 certificate with an empty subject, and its key, as PEM: enough for OpenSSL to load and serve it. With a
 * name it is good for that host, to whom it is named as an authority.
 */
export function certificate(validTo = new Date('2046-01-01T00:00:00Z'), name?: string): { cert: string; key: string } {
  const der = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const time = (date: Date): Buffer => der(0x17, Buffer.from(date.toISOString().replaceAll(/^\d\d|[-:T]|\.\d+/g, '')));
  // RFC 5280 4.2.1.6: critical where the subject is empty.
  const named = (host: string): Buffer[] => {
    const names = der(0x30, der(0x82, Buffer.from(host)));
    const extension = der(0x30, Buffer.from('0603551d110101ff', 'hex'), der(0x04, names));
    return [der(0xa3, der(0x30, extension))];
  };
  const body = der(
    0x30,
    ...(name === undefined ? [] : [Buffer.from('a003020102', 'hex')]),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    der(0x30),
    der(0x30, time(new Date('2026-01-01T00:00:00Z')), time(validTo)),
    der(0x30),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(name === undefined ? [] : named(name)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = der(0x30, body, ecdsaWithSha256, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim(),
  };
}
