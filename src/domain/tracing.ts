// What the server shows of its work to whoever traces it.

/** One request, from its head to the end of its answer. */
export type RequestSpan = {
  /** Runs `work`, and whatever that begins, inside. */
  within(work: () => void): void;
  end(status: number): void;
};

/** What a span says of its request. */
export type RequestInfo = {
  readonly method: string;
  /** The pattern that matched, undefined when none did: never the address that was asked for. */
  readonly route: string | undefined;
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The headers came through a proxy of ours. */
  readonly viaTrustedProxy: boolean;
};

/** Absent, as a whole, when nobody traces. */
export type Tracing = {
  readonly request: (asked: RequestInfo) => RequestSpan;
  /** `text` without its values. */
  readonly statement: <T>(text: string, work: () => Promise<T>) => Promise<T>;
  readonly passwordHash: <T>(work: () => Promise<T>) => Promise<T>;
};
