// What a browser complains about in its console: a blocked script, a refused cross-origin answer, a missing file.
import type { BrowserContext } from 'playwright-core';

/** Collects the errors of all pages of this context, from now on. */
export function collectConsoleErrors(context: BrowserContext): string[] {
  const errors: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      errors.push(`${message.location().url}: ${message.text()}`);
  });
  context.on('weberror', (error) => errors.push(String(error.error())));
  return errors;
}
