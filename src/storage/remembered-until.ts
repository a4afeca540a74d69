// What a process remembers until a time, such as a limit that was reached: bounded, and lost when it ends.

export type RememberedUntil = {
  /** Until when (milliseconds since the epoch), as far as this process knows. */
  get(key: string): number | undefined;
  /** When there are too many, all others are forgotten: the database knows as well. */
  set(key: string, until: number): void;
};

const mostRemembered = 10_000;

export function createRememberedUntil(): RememberedUntil {
  const remembered = new Map<string, number>();
  return {
    get: (key) => remembered.get(key),
    set(key, until) {
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(key, until);
    },
  };
}
