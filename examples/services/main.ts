// One program of the shop by itself: its name as the argument, its settings from the environment.
import { addressFromEnvironment, runAlone, settingFromEnvironment } from '../web/environment.ts';
import { type Exchange, exchangeAt } from './exchange.ts';
import { startGateway } from './gateway.ts';
import { startOrders } from './orders.ts';
import { startUsers } from './users.ts';
import { createWorker } from './worker.ts';

const setting = settingFromEnvironment;
const client = () => ({ clientId: setting('CLIENT_ID'), clientSecret: setting('CLIENT_SECRET') });
/** Where the order service has a resource of its own, tokens are exchanged for one for it. */
function exchangeFromEnvironment(): Exchange | undefined {
  const { ORDERS_RESOURCE: resource } = process.env;
  return resource ? exchangeAt({ issuer: setting('ISSUER'), ...client(), resource, scope: 'orders:read' }) : undefined;
}
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
      startUsers({
        issuer: setting('ISSUER'),
        orders: setting('ORDERS'),
        exchange: exchangeFromEnvironment(),
        ...addressFromEnvironment(4001),
      }),
    ),
  orders: () =>
    runAlone('The order service', () => {
      const { RESOURCE: audience } = process.env;
      return startOrders({ issuer: setting('ISSUER'), ...(audience && { audience }), ...addressFromEnvironment(4002) });
    }),
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
