// Strict reading of queries and bodies: what is malformed or ambiguous is refused, never repaired.
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../domain/errors.ts';
import { type Params, paramsFrom } from '../domain/params.ts';

const mostParams = 200;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes; larger bodies are answered with 413. */
export const formLimit = 65_536;

/** The parameters of the query. @throws Refusal malformed. */
export function queryParams(request: FastifyRequest): Params {
  const url = request.raw.url ?? '';
  const start = url.indexOf('?');
  return start < 0 ? paramsFrom([]) : parseForm(url.slice(start + 1));
}

/** The parameters of the body; none when there was no body. */
export function bodyParams(request: FastifyRequest): Params {
  return (request.body as Params | null | undefined) ?? paramsFrom([]);
}

/** The URL standard's application/x-www-form-urlencoded, without its leniency. @throws Refusal malformed. */
export function parseForm(text: string): Params {
  const parts = text.split('&').filter((part) => part !== '');
  if (parts.length > mostParams) throw malformed('has too many parameters');
  return paramsFrom(
    parts.map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))];
    }),
  );
}

function decode(part: string): string {
  // Most names and values are as they stand.
  if (!/[%+\0]/.test(part)) return part;
  try {
    return plain(decodeURIComponent(part.replaceAll('+', ' ')));
  } catch (error) {
    throw error instanceof URIError ? malformed('is not valid percent-encoded UTF-8') : error;
  }
}

// No value of ours holds NUL, and PostgreSQL cannot.
function plain(value: string): string {
  if (value.includes('\u0000')) throw malformed('contains a NUL character');
  return value;
}

/** A flat JSON object of strings. @throws Refusal malformed for nesting, other types, repeated names. */
export function parseFlatJson(text: string): Params {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('must be a JSON object');
  const entries = Object.entries(value);
  if (entries.length > mostParams) throw malformed('has too many parameters');
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw malformed('must hold only strings');
  if (Object.hasOwn(value, '__proto__')) throw malformed('has a forbidden name');
  // JSON.parse keeps the last of two equal names; in a flat object of strings, two strings stand for each member.
  if ((text.match(/"(?:[^"\\]|\\.)*"/g) ?? []).length !== entries.length * 2) throw malformed('has a name twice');
  return paramsFrom(entries.map(([name, item]) => [plain(name), plain(item)]));
}

/** Lets the scope read forms, and flat JSON objects where `json` is true; every other type of body is answered with 415. */
export function readForms(scope: FastifyInstance, { json }: { json: boolean }): void {
  scope.removeAllContentTypeParsers();
  scope.register(formbody, { bodyLimit: formLimit, parser: parseBody });
  if (!json) return;
  const options = { parseAs: 'buffer', bodyLimit: formLimit } as const;
  scope.addContentTypeParser('application/json', options, async (_request: FastifyRequest, body: Buffer) =>
    parseFlatJson(utf8Text(body)),
  );
}

/** The plugin decodes leniently: what was not UTF-8 is U+FFFD here, which a form has only percent-encoded. @throws Refusal malformed. */
function parseBody(text: string): Params {
  if (text.includes('\uFFFD')) throw malformed('is not valid UTF-8');
  return parseForm(text);
}

function utf8Text(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw malformed('is not valid UTF-8');
  }
}

function malformed(what: string): Refusal {
  return new Refusal('malformed', `The request ${what}.`);
}
