// `npm run demo`: starts Signet with four applications and two services, says what to click, and ends everything with Ctrl-C.
import { once } from 'node:events';
import { startDemo } from './demo/start.ts';
import { steps } from './demo/steps.ts';

const port = Number(process.env['PORT'] ?? 4000);
/** Seconds for the end, which takes one or two. */
const patience = 20;
const allGone = 'Everything has ended, and the data is removed.';

// Before anything starts, so that an early Ctrl-C leaves nothing behind either. A terminal sends it to npm as well,
// which passes it on: a second one is no reason to leave without cleaning up.
const asked = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort());

try {
  if (!Number.isInteger(port) || port < 1 || port > 65_529)
    throw new Error('PORT must be a number from 1 to 65529; it and the six after it are used.');
  console.log('Starting PostgreSQL, Signet and four applications: this takes some seconds.');
  const demo = await startDemo(port);
  let isLost = false;
  if (!asked.signal.aborted) {
    console.log(steps(demo.addresses));
    isLost = await Promise.race([once(asked.signal, 'abort').then(() => false), demo.lost.then(() => true)]);
  }
  console.log(isLost ? 'PostgreSQL ended by itself, so the demo ends too.' : 'Ending.');
  setTimeout(() => process.exit(1), patience * 1000).unref();
  await demo.stop();
  console.log(allGone);
  process.exitCode = isLost ? 1 : 0;
} catch (error) {
  // Ctrl-C reaches what a start is just running as well, and then the start fails; what it made is gone by now.
  if (asked.signal.aborted) console.log(allGone);
  else console.error(`The demo cannot run: ${(error as Error).message}`);
  process.exitCode = asked.signal.aborted ? 0 : 1;
}
