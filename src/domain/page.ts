// One page of a long list.

export type Page<T> = {
  readonly items: readonly T[];
  /** There are more behind the last of these. */
  readonly more: boolean;
};

/** The first `limit` of rows of which one more was asked for. */
export function firstPage<T>(rows: readonly T[], limit: number): Page<T> {
  return { items: rows.slice(0, limit), more: rows.length > limit };
}
