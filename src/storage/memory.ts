// What a process keeps in memory of tenants, clients, resources and keys: bounded, dropped when it changes, at most a minute old.
import { Unavailable } from '../domain/errors.ts';
import type { Change, ChangeKind } from './changes.ts';

export type Memory = {
  /**
   * What is kept under these names, or what `load` gives; loads of the same thing at the same time are one.
   * That there is no such tenant is kept as well, of a bounded number of names that strangers may ask for; undefined of other
   * kinds is not. When `load` says Unavailable, tenants and keys that are too old are better than none.
   */
  get<T>(kind: ChangeKind, tenantId: string, entity: string, load: () => Promise<T>): Promise<T>;
  /** Drops what changed. What is being loaded at this moment is not kept. */
  drop(change: Change): void;
};

/** `found`: settled, so that whoever finds it makes no promise of its own. */
type Entry = { readonly found: Promise<unknown>; readonly until: number };

const maxEntries = 10_000;
/** Apart from the others, so that no stranger's names push out what is there. */
const maxAbsent = 1000;
const maxAge = 60_000;

/** `elapsed` is a monotonic clock in milliseconds. */
export function createMemory(elapsed: () => number): Memory {
  const kept: Record<ChangeKind, Map<string, Entry>> = {
    tenant: new Map(),
    client: new Map(),
    resource: new Map(),
    keys: new Map(),
  };
  const absent = new Map<string, number>();
  const loading = new Map<string, Promise<unknown>>();
  let generation = 0;

  const load = async (kind: ChangeKind, key: string, find: () => Promise<unknown>): Promise<unknown> => {
    const entries = kept[kind];
    const begun = generation;
    try {
      const value = await find();
      if (generation === begun && value === undefined && kind === 'tenant') {
        if (absent.size >= maxAbsent) absent.delete(absent.keys().next().value!);
        absent.set(key, elapsed() + maxAge);
      }
      if (generation === begun && value !== undefined) {
        if (entries.size >= maxEntries) entries.delete(entries.keys().next().value!);
        entries.set(key, { found: Promise.resolve(value), until: elapsed() + maxAge });
      }
      return value;
    } catch (error) {
      const stale = entries.get(key);
      if (stale && error instanceof Unavailable && (kind === 'tenant' || kind === 'keys')) return await stale.found;
      if (kind === 'tenant' && error instanceof Unavailable && absent.has(key)) return undefined;
      throw error;
    }
  };

  return {
    get<T>(kind: ChangeKind, tenantId: string, entity: string, find: () => Promise<T>): Promise<T> {
      const key = `${tenantId} ${entity}`;
      const entry = kept[kind].get(key);
      if (entry && elapsed() < entry.until) return entry.found as Promise<T>;
      if (kind === 'tenant' && elapsed() < (absent.get(key) ?? 0)) return Promise.resolve(undefined as T);
      // The generation keeps a caller that comes after a change from joining a load that began before it.
      const flight = `${kind} ${key} ${generation}`;
      const known = loading.get(flight);
      if (known) return known as Promise<T>;
      const started = load(kind, key, find).finally(() => loading.delete(flight));
      loading.set(flight, started);
      return started as Promise<T>;
    },
    drop({ kind, tenantId, entity }) {
      generation += 1;
      // A tenant is kept under its slug, its host and its id.
      if (kind === 'tenant') [kept.tenant, absent].forEach((names) => names.clear());
      else kept[kind].delete(`${tenantId} ${entity}`);
    },
  };
}
