// The clock of a Signet in tests: real time, moved.

export type TestClock = {
  /** Milliseconds since 1970. Goes on with real time unless frozen; may be set. */
  now: number;
  /** Moves it forward. */
  advance(seconds: number): void;
  /** Stops it where it is, so that it moves only when it is moved. */
  freeze(): void;
  /** Lets it go on from where it stands. */
  resume(): void;
};

// Taken before a test can put a false one in its place: a server whose time stands still by accident is hard to understand.
const realTime = Date.now;

/** @throws Error when `begin` is no time. */
export function createClock(begin: number | Date = realTime()): TestClock {
  let offset = Number(begin) - realTime();
  if (Number.isNaN(offset)) throw new Error('now must be milliseconds since 1970, or a valid date');
  let frozenAt: number | undefined;
  const read = () => frozenAt ?? realTime() + offset;
  const set = (now: number) => {
    if (Number.isNaN(now)) throw new Error('a clock can only be set to a number of milliseconds since 1970');
    if (frozenAt === undefined) offset = now - realTime();
    else frozenAt = now;
  };
  return {
    get now() {
      return read();
    },
    set now(now) {
      set(now);
    },
    advance: (seconds) => set(read() + seconds * 1000),
    freeze() {
      frozenAt = read();
    },
    resume() {
      const now = read();
      frozenAt = undefined;
      set(now);
    },
  };
}
