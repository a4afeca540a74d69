// Who has waited too long between the factors begins again where the password is asked for.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../domain/errors.ts';
import { goOn } from './hub.ts';

/** @throws the error, unless it says that the password comes first. */
export function passwordFirst(
  request: FastifyRequest,
  reply: FastifyReply,
  attemptId: string | undefined,
  error: unknown,
) {
  if (error instanceof Refusal && error.code === 'password_first')
    return goOn(request, reply, `/sign-in?attempt=${attemptId}`);
  throw error;
}
