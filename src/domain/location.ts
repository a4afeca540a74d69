// Where a database is: two locations that differ mean that its tables were restored from a copy.

/** As PostgreSQL tells it. */
export type DatabaseLocation = {
  /** The system identifier of the cluster; undefined when the user of the database may not read it. */
  readonly cluster: string | undefined;
  readonly databaseOid: number;
};

/** Whether both are one location. A cluster that is not known counts as the same: then only the database tells. */
export function isSameLocation(one: DatabaseLocation, other: DatabaseLocation): boolean {
  if (one.databaseOid !== other.databaseOid) return false;
  return one.cluster === undefined || other.cluster === undefined || one.cluster === other.cluster;
}
