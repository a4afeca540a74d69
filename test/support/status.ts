// What a status list says of an access token, read as any resource server would.
import { inflateSync } from 'node:zlib';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { bitIn, parseListName } from '../../src/domain/status-list.ts';
import { claimsOf } from './flow.ts';

export type Place = { readonly idx: number; readonly uri: string };

/** Where the status of the token stands. */
export function placeOf(token: string): Place {
  return (claimsOf(token)['status'] as { readonly status_list: Place }).status_list;
}

/** The same as the database counts it. */
export function bitOf(token: string): number {
  const { idx, uri } = placeOf(token);
  return bitIn(parseListName(uri.replace(/.*\//, ''))!, idx)!;
}

export type List = {
  readonly answer: Response;
  readonly payload: JWTPayload;
  readonly header: object;
  readonly bits: number;
  readonly bytes: Buffer;
};

/** The list at this address as the process at `from` (its URL) serves it; its signature and times are checked at `now` (milliseconds). */
export async function listAt(from: string, uri: string, now: number): Promise<List> {
  const answer = await fetch(`${from}${new URL(uri).pathname}`);
  const token = await answer.text();
  const { iss } = decodeJwt(token);
  const keys = await fetch(`${from}${new URL(iss!).pathname.replace(/\/$/, '')}/oauth/jwks`);
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet((await keys.json()) as JSONWebKeySet), {
    typ: 'statuslist+jwt',
    currentDate: new Date(now),
  });
  const { bits, lst } = payload['status_list'] as { bits: number; lst: string };
  return { answer, payload, header: protectedHeader, bits, bytes: inflateSync(Buffer.from(lst, 'base64url')) };
}

/** Whether the bit of the token is set, by the process at `from`. */
export async function isRevokedAt(from: string, token: string, now: number): Promise<boolean> {
  const { idx, uri } = placeOf(token);
  const { bytes } = await listAt(from, uri, now);
  return ((bytes[idx >> 3]! >> (idx & 7)) & 1) === 1;
}
