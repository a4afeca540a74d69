// What applying a provisioning file did.

/** One thing that a file describes, by the name it has in the file. */
export type Thing = {
  readonly type: 'tenant' | 'resource' | 'client' | 'user' | 'service_account';
  readonly name: string;
};

/** What was done, and what a reader should know. */
export type Applied = {
  readonly tenant: string;
  readonly created: readonly Thing[];
  readonly updated: readonly Thing[];
  readonly unchanged: number;
  readonly warnings: readonly string[];
};

export function thingInWords({ type, name }: Thing): string {
  return `${type.replace('_', ' ')} ${name}`;
}
