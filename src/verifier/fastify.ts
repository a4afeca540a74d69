// `signet/verifier/fastify`: an onRequest hook that lets pass only requests with a good access token.
import { bearerToken } from './challenge.ts';
import { assertNeeds, type Needs } from './needs.ts';
import { refusalAnswer } from './refusal-answer.ts';
import type { VerifiedToken } from './verified-token.ts';
import type { Verifier } from './verifier.ts';

/** What is used of Fastify's request. */
export type FastifyRequest = {
  readonly headers: { readonly authorization?: string | undefined };
  token?: VerifiedToken;
};

/** What is used of Fastify's reply. */
export type FastifyReply = {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
};

/** RFC 6750 3: an `onRequest` hook; sets `request.token`, or answers 401, 403 or 503. @throws TypeError for what is no need */
export function requireToken(
  verifier: Pick<Verifier, 'verify'>,
  needs: Needs = {},
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  assertNeeds(needs);
  return async (request, reply) => {
    try {
      request.token = await verifier.verify(bearerToken(request.headers.authorization), needs);
      return undefined;
    } catch (error) {
      const { status, headers, body } = refusalAnswer(error);
      reply.code(status);
      reply.headers(headers);
      reply.send(body);
      // A hook that has answered gives the reply back.
      return reply;
    }
  };
}
