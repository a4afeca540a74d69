// /admin/api/signing-keys: the keys that are published, rotated and taken back.
import { algsOf } from '../../domain/key-life.ts';
import { assertMatches } from '../../flows/precondition.ts';
import { listKeys } from '../../flows/keys/change.ts';
import { publishedKey, revokeKey } from '../../flows/keys/revoke.ts';
import { rotateAtOnce, scheduleRotation } from '../../flows/keys/rotate.ts';
import { inWords } from '../../schemas/parts.ts';
import {
  checkedRotation,
  rotation,
  rotationDone,
  shownSigningKey,
  signingKeyShown,
} from '../../schemas/signing-key.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './paging.ts';

export const signingKeyOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/signing-keys',
    scope: 'admin:signing-keys:read',
    summary: 'List the signing keys that are published',
    answers: { status: 200, schema: pageOf('SigningKeys', signingKeyShown) },
    run: async (deps, { context }) => ({
      status: 200,
      body: { items: (await listKeys(deps, context)).map(shownSigningKey) },
    }),
  },
  {
    method: 'GET',
    path: '/signing-keys/{kid}',
    scope: 'admin:signing-keys:read',
    summary: 'Show a signing key',
    answers: { status: 200, schema: signingKeyShown },
    run: async (deps, { context, params }) => {
      const body = shownSigningKey(await publishedKey(deps, context, params['kid']!));
      return { status: 200, body, tagged: body };
    },
  },
  {
    method: 'POST',
    path: '/signing-keys/rotate',
    scope: 'admin:signing-keys:write',
    summary: 'Replace the keys that sign',
    description:
      'New keys are published now, and sign when every cache can know them: a day later, unless now is true.',
    isDangerous: true,
    body: { schema: rotation },
    answers: { status: 200, schema: rotationDone },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const { alg, now = false } = checkedRotation(body);
      const algs = alg === undefined ? algsOf(await listKeys(deps, context)) : [alg];
      const rotations = await (now ? rotateAtOnce : scheduleRotation)(deps, context, algs);
      const items = rotations.map(({ kid, alg: of, activeAt, retires }) => ({
        kid,
        alg: of,
        active_at: inWords(activeAt),
        ...(retires !== undefined && { retires }),
      }));
      return { status: 200, body: { items } };
    },
  },
  {
    method: 'DELETE',
    path: '/signing-keys/{kid}',
    scope: 'admin:signing-keys:write',
    summary: 'Take back a key that somebody else may have',
    description:
      'It is no longer published, and every token that it signed is refused here at once; where the key set is cached, within five minutes. If it was the one that signs, another one does from the same moment on.',
    isDangerous: true,
    answers: { status: 204 },
    run: async (deps, { context, params, ifMatch }) => {
      await revokeKey(deps, context, params['kid']!, (key) => assertMatches(ifMatch, shownSigningKey(key)));
      return { status: 204 };
    },
  },
];
