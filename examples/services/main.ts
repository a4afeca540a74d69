// One program of the shop by itself: its name as the argument, its settings from the environment.
import { addressFromEnvironment, runAlone, settingFromEnvironment } from '../web/environment.ts';
import { startGateway } from './gateway.ts';
import { startOrders } from './orders.ts';
import { startUsers } from './users.ts';
import { createWorker } from './worker.ts';

const setting = settingFromEnvironment;
const client = () => ({ clientId: setting('CLIENT_ID'), clientSecret: setting('CLIENT_SECRET') });
const programs: Readonly<Record<string, () => Promise<void>>> = {
  gateway: () =>
    runAlone('The gateway', () =>
      startGateway({
        issuer: setting('ISSUER'),
        ...client(),
        users: setting('USERS'),
        ...addressFromEnvironment(8080),
      }),
    ),
  users: () =>
    runAlone('The user service', () =>
      startUsers({ issuer: setting('ISSUER'), orders: setting('ORDERS'), ...addressFromEnvironment(4001) }),
    ),
  orders: () =>
    runAlone('The order service', () => startOrders({ issuer: setting('ISSUER'), ...addressFromEnvironment(4002) })),
  async worker() {
    const worker = await createWorker({ issuer: setting('ISSUER'), ...client(), orders: setting('ORDERS') });
    const found = await Promise.all(['ada', 'grace', 'alan'].map((userId) => worker.ordersOf(userId)));
    console.log(`${found.flat().length} orders, ${found.length} calls, ${worker.tokensAsked} token`);
  },
};

const start = Object.hasOwn(programs, process.argv[2] ?? '') ? programs[process.argv[2]!] : undefined;
if (start) {
  await start();
} else {
  console.error(`Give one of: ${Object.keys(programs).join(', ')}.`);
  process.exitCode = 1;
}
