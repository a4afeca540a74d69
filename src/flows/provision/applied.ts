// What applying a provisioning file did.

/** What was done, and what a reader should know. */
export type Applied = {
  readonly tenant: string;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly unchanged: number;
  readonly warnings: readonly string[];
};

/** Collects what happens to each thing. */
export type Outcome = (thing: string, what: 'created' | 'updated' | 'unchanged') => void;
