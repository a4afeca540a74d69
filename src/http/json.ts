// Strict reading of JSON bodies: UTF-8, one value, nothing that hides.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../domain/errors.ts';
import { formLimit } from './forms.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Lets the scope read JSON; every other type of body is answered with 415, one that is malformed with 400. `types`: what else is JSON. */
export function readJson(scope: FastifyInstance, types: readonly string[] = []): void {
  scope.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer', bodyLimit: formLimit } as const;
  scope.addContentTypeParser(['application/json', ...types], options, async (_request: FastifyRequest, body: Buffer) =>
    body.length === 0 ? undefined : parse(body),
  );
  // Also what comes without a type. No body at all needs none.
  scope.addContentTypeParser('*', options, async (_request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return undefined;
    throw new Refusal('unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.');
  });
}

/** @throws Refusal malformed for text that cannot be stored. */
export function assertStorable(text: string): void {
  storable('', text);
}

function parse(body: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new Refusal('malformed', 'The request is not valid UTF-8.');
  }
  try {
    return JSON.parse(text, storable);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('malformed', 'The request is not valid JSON.');
  }
}

// No value of ours holds NUL or half of a character, and PostgreSQL cannot.
function storable(name: string, value: unknown): unknown {
  // JSON has numbers that are too large for one.
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Refusal('malformed', 'The request contains a number that is too large.');
  for (const text of typeof value === 'string' ? [name, value] : [name]) {
    if (text.includes('\u0000')) throw new Refusal('malformed', 'The request contains a NUL character.');
    if (!text.isWellFormed()) throw new Refusal('malformed', 'The request contains half of a character.');
  }
  return value;
}
