// The query of an admin request: only what the operation knows, each once.
import type { FastifyRequest } from 'fastify';
import Type, { type TObject } from 'typebox';
import type { Mistake } from '../../domain/mistake.ts';
import { invalidInput } from '../../domain/errors.ts';
import { shapeMistakes } from '../../schemas/mistakes.ts';
import { queryParams } from '../forms.ts';

const nothing = Type.Object({}, { additionalProperties: false });

/** Who misspelt a parameter is told what there is. */
function withNames(mistake: Mistake, { properties }: TObject): Mistake {
  const names = Object.keys(properties).join(', ');
  const isStrange = mistake.problem === 'is not known here';
  return isStrange && names !== '' ? { ...mistake, problem: `is not known here: there are ${names}` } : mistake;
}

/**
 * An empty search is for everybody; nothing else is empty, because a filter that was lost on the way would show everything.
 * @throws Refusal invalid_input for a name that is not known, comes twice or says what it may not; malformed.
 */
export function queryOf(request: FastifyRequest, schema: TObject = nothing): Record<string, string> {
  const params = queryParams(request);
  const given = params.names.flatMap((name) => {
    const value = params.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const query = Object.fromEntries(given);
  const empty = params.names.filter((name) => name !== 'search' && params.get(name) === undefined);
  const mistakes = [
    ...empty.map((name) => ({ path: [name], problem: 'is empty: give it a value, or leave it out' })),
    ...[...params.repeated].map((name) => ({ path: [name], problem: 'stands more than once' })),
    ...shapeMistakes(schema, query).map((mistake) => withNames(mistake, schema)),
  ];
  if (mistakes.length > 0) throw invalidInput(mistakes);
  return query;
}
