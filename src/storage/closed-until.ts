// What a process remembers of limits that were reached: bounded, and lost when it ends.

export type ClosedUntil = {
  /** Until when (milliseconds since the epoch) it is closed, as far as this process knows. */
  get(key: string): number | undefined;
  /** Remembers it. When there are too many, all others are forgotten: the database still counts. */
  set(key: string, until: number): void;
};

const mostRemembered = 10_000;

export function createClosedUntil(): ClosedUntil {
  const remembered = new Map<string, number>();
  return {
    get: (key) => remembered.get(key),
    set(key, until) {
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(key, until);
    },
  };
}
