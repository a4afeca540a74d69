// Signatures of what is posted to receivers (Standard Webhooks 1.0, "Signature scheme").
import { createHmac } from 'node:crypto';

/**
 * `v1,` and the HMAC-SHA256 over id, time (seconds) and body. `key`: as it is written; one that begins with `whsec_` is in base64
 * after that, as the specification hands keys out.
 */
export function webhookSignature(key: string, { id, at, body }: { id: string; at: number; body: string }): string {
  const bytes = key.startsWith('whsec_') ? Buffer.from(key.slice('whsec_'.length), 'base64') : Buffer.from(key);
  return `v1,${createHmac('sha256', bytes).update(`${id}.${at}.${body}`).digest('base64')}`;
}
