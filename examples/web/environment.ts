// Starting an application by itself: its settings from the environment, its address or its trouble on the terminal.

/** An application that listens. */
export type Running = { readonly url: string; stop(): Promise<void> };

/** PORT and the address that goes with it on this machine. @throws Error when it is no port. */
export function addressFromEnvironment(defaultPort: number): { url: string; port: number } {
  const port = Number(process.env['PORT'] ?? defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('PORT must be a number from 1 to 65535.');
  return { url: `http://localhost:${port}`, port };
}

/** A setting that must be given. @throws Error that names it. */
export function settingFromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set. README.md beside main.ts says what it is.`);
  return value;
}

/** Starts it, and says where it is or why it is not. */
export async function runAlone(name: string, start: () => Promise<Running>): Promise<void> {
  try {
    const { url } = await start();
    console.log(`${name} is ready at ${url}`);
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? ` (${cause.message || String((cause as NodeJS.ErrnoException).code)})` : '';
    console.error(`${name} cannot start: ${message}${reason}`);
    process.exitCode = 1;
  }
}
