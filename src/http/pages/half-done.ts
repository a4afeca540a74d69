// What the pages between the password and the session are given to show.
import type { FastifyRequest } from 'fastify';
import { clientName } from '../../domain/client.ts';
import type { HalfDonePage } from '../../flows/sign-in/half-done-page.ts';
import { basePath } from '../context.ts';
import type { HalfDone } from './views/half-done.ts';

/** The part of the model that is the same for each of them. */
export function halfDoneModel(
  request: FastifyRequest,
  { attemptId, username, client, isForAccount }: HalfDonePage,
): HalfDone {
  return {
    attempt: attemptId,
    username,
    switchUri: `${basePath(request.tenant)}/sign-in?attempt=${attemptId}`,
    clientName: client && clientName(client),
    clientLogoUri: client?.metadata.logo_uri,
    isForAccount,
  };
}
