// Pages of lists: what is asked for, and what an answer looks like.
import Type, { type TSchema } from 'typebox';
import { invalidInput } from '../../domain/errors.ts';
import { closed } from '../../schemas/parts.ts';

export const mostOnPage = 200;
const usual = 50;

/** Of a list that can be searched. */
export const searchQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ description: `1 to ${mostOnPage}; ${usual} unless given.` })),
    cursor: Type.Optional(Type.String({ description: 'The next_cursor of the page before.' })),
    search: Type.Optional(
      Type.String({ maxLength: 200, description: 'The beginning of what it is called, whatever the case.' }),
    ),
  },
  closed,
);

/** Of one that cannot. */
export const pageQuery = Type.Omit(searchQuery, ['search']);

/** A page of things of this kind. `next_cursor` is not there on the last one. */
export function pageOf(title: string, schema: TSchema) {
  return Type.Object({ items: Type.Array(schema), next_cursor: Type.Optional(Type.String()) }, { ...closed, title });
}

/** @throws Refusal invalid_input. */
export function limitIn(query: Readonly<Record<string, string | undefined>>): number {
  const { limit } = query;
  if (limit === undefined) return usual;
  const value = /^[1-9]\d{0,2}$/.test(limit) ? Number(limit) : NaN;
  if (value <= mostOnPage) return value;
  throw invalidInput([{ path: ['limit'], problem: `must be a number from 1 to ${mostOnPage}` }]);
}

/** `items` as they are shown. */
export function page<T>(items: readonly T[], cursor: string | undefined) {
  return { items, ...(cursor !== undefined && { next_cursor: cursor }) };
}
