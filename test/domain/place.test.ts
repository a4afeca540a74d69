// When two places of a database are one.
import { expect, test } from 'vitest';
import { isSameLocation } from '../../src/domain/location.ts';

test.each([
  ['the same cluster and database', '7', 5, '7', 5, true],
  ['another database of the cluster', '7', 5, '7', 6, false],
  ['another cluster, where the database has the same number', '7', 5, '8', 5, false],
  ['a cluster that could not be read before', undefined, 5, '7', 5, true],
  ['a cluster that cannot be read now', '7', 5, undefined, 5, true],
  ['neither can be read, another database', undefined, 5, undefined, 6, false],
])('%s', (_, cluster, databaseOid, otherCluster, otherOid, same) => {
  const other = { cluster: otherCluster, databaseOid: otherOid };
  expect(isSameLocation({ cluster, databaseOid }, other)).toBe(same);
});
