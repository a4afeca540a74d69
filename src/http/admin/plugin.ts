// The admin scope: whoever asks is known before it is looked at what they ask for.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { adminPath } from '../../domain/endpoints.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { type Administrator, administratorOf } from '../../flows/admin/administrator.ts';
import { forgetMade, idempotently } from '../../flows/admin/idempotent.ts';
import { assertMay } from '../../flows/admin/may.ts';
import { entityTag } from '../../flows/precondition.ts';
import { bearerOf } from '../bearer.ts';
import { contextOf, findTenant } from '../context.ts';
import { logShownFailure } from '../failures.ts';
import { apiHeaders } from '../headers.ts';
import { assertStorable, readJson } from '../json.ts';
import { route } from '../methods.ts';
import { answerProblems } from '../problems.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { queryOf } from './query.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, in the admin scope; set before any handler of it runs. */
    administrator?: Administrator;
  }
}

/** Called by programs and by the console; looks at no cookie. */
export function adminScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerProblems(scope, deps);
    readJson(scope, ['application/merge-patch+json']);
    scope.addHook('onRequest', async (request, reply) => {
      apiHeaders(reply);
      request.administrator = await whoAsks(deps, request);
    });
    for (const [path, ofPath] of Map.groupBy(operations, ({ path }) => path))
      route(
        scope,
        `${adminPath}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
        Object.fromEntries(ofPath.map((operation) => [operation.method, handlerOf(deps, operation)])),
      );
    route(scope, `${adminPath}/openapi.json`, {
      GET: (request, reply) => reply.send(openApiDocument(request.tenant.issuer)),
    });
    // Nobody learns what there is by asking for what there is not.
    for (const path of [adminPath, `${adminPath}/*`])
      scope.all(path, () => Promise.reject(new Refusal('not_found', 'There is nothing here.')));
  };
}

/** Where it is below the admin API, as `location` says it. */
function addressed({ path }: Operation, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(params[name]!));
}

async function whoAsks(deps: Deps, request: FastifyRequest): Promise<Administrator> {
  const accessToken = bearerOf(request.headers.authorization);
  if (accessToken === undefined) throw new OAuthError('invalid_token', 'Send the access token as Bearer.');
  return administratorOf(deps, contextOf(deps, request), accessToken);
}

function handlerOf(deps: Deps, operation: Operation): RouteHandlerMethod {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    // What came slowly may have come after the rights were taken.
    const administrator = operation.body ? await whoAsks(deps, request) : request.administrator!;
    assertMay(administrator, operation);
    if (operation.body && request.body === undefined)
      throw new Refusal('malformed', 'Send what it is to be as JSON, in the body.');
    if (!operation.body && request.body !== undefined) throw new Refusal('malformed', 'This takes no body.');
    const params = request.params as Record<string, string>;
    for (const value of Object.values(params)) {
      if (value === '') throw new Refusal('not_found', 'There is nothing here.');
      assertStorable(value);
    }
    const call = {
      context: administrator.context,
      params,
      query: queryOf(request, operation.query),
      body: request.body,
      ifMatch: request.headers['if-match'],
    };
    const key = operation.answers.status === 201 ? request.headers['idempotency-key'] : undefined;
    const run = () => operation.run(deps, call);
    const { status, body, tagged, location, stream } = await (key === undefined
      ? run()
      : idempotently(deps, call.context, { key: String(key), of: request.url, body: request.body }, run));
    if (operation.method === 'DELETE') await forgetMade(deps, call.context, addressed(operation, params));
    if (tagged) void reply.header('etag', entityTag(tagged));
    if (location !== undefined) void reply.header('location', `${request.tenant.issuer}${adminPath}${location}`);
    if (stream) {
      void reply.type(stream.type).header('content-disposition', `attachment; filename="${stream.name}"`);
      // What fails after the first chunk ends the connection, and only the log can say why.
      const chunks = Readable.from(stream.chunks).on('error', (error) => logShownFailure(deps, request, error));
      return reply.code(status).send(chunks);
    }
    return body === undefined ? reply.code(status).send() : reply.code(status).send(body);
  };
}
