// What a run starts ends with it, however it ends.

/** Runs `work`. Afterwards, or when somebody interrupts it, what it put on the stack ends in the opposite order. */
export async function withEnding<T>(work: (stack: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const stack = new AsyncDisposableStack();
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    void stack.disposeAsync().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(stack);
  } finally {
    // What fails because everything is being ended is no news; the process exits when that is done.
    if (isInterrupted) await new Promise(() => {});
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await stack.disposeAsync();
  }
}
