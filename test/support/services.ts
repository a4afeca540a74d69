// The shop of examples/services on ports of its own: its provisioning, its gateway and its services, and calls to them.
import { exchangeAt } from '../../examples/services/exchange.ts';
import { startGateway } from '../../examples/services/gateway.ts';
import { startOrders } from '../../examples/services/orders.ts';
import { shop } from '../../examples/services/shop.ts';
import { startUsers } from '../../examples/services/users.ts';
import { freePort } from '../../src/testing/start.ts';
import { alice } from './flow.ts';

export const gatewayClient = {
  client_id: 'shop-gateway',
  client_secret: 'a-secret-of-the-gateway-of-32-characters',
  first_party: true,
  scope: 'users:read orders:read',
  redirect_uris: ['https://shop.example/callback'],
};
export const workerClient = {
  client_id: 'shop-worker',
  client_secret: 'a-secret-of-the-worker-with-32-characters',
  grant_types: ['client_credentials' as const],
  response_types: [],
  redirect_uris: [],
  scope: 'orders:read',
};

/** The user service as a client, where the order service has a resource of its own. */
export const orders = 'https://orders.shop.example/api';
export const usersClient = {
  client_id: 'shop-users',
  client_secret: 'a-secret-of-the-user-service-of-32-chars',
  grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange' as const],
  response_types: [],
  redirect_uris: [],
  serves: [shop],
  exchange: [{ to: orders, scopes: ['orders:read'] }],
};

/** What the shop registers, and one person. */
export const shopWorld = {
  resources: [{ identifier: shop, name: 'Shop', scopes: ['users:read', 'orders:read'] }],
  clients: [gatewayClient, workerClient],
  users: [{ ...alice, email: 'alice@example.com' }],
};

/** Where each of them is. */
export type Shop = { readonly gateway: string; readonly users: string; readonly orders: string; stop(): Promise<void> };

/**
 * Starts all three for a Signet; `host` is the one of the order service. `byExchange`: that one has a resource of its own, and the
 * user service exchanges tokens for it.
 */
export async function startShop(issuer: string, host = 'localhost', byExchange = false): Promise<Shop> {
  await using starting = new AsyncDisposableStack();
  const audience = byExchange ? { audience: orders } : {};
  const orderService = await startOrders({ issuer, host, port: await freePort(), ...audience });
  starting.defer(() => orderService.stop());
  const itself = { clientId: usersClient.client_id, clientSecret: usersClient.client_secret };
  const exchange = byExchange ? exchangeAt({ issuer, ...itself, resource: orders, scope: 'orders:read' }) : undefined;
  const users = await startUsers({ issuer, orders: orderService.url, exchange, port: await freePort() });
  starting.defer(() => users.stop());
  const { client_id: clientId, client_secret: clientSecret } = gatewayClient;
  const gateway = await startGateway({ issuer, clientId, clientSecret, users: users.url, port: await freePort() });
  starting.defer(() => gateway.stop());
  const running = starting.move();
  return { gateway: gateway.url, users: users.url, orders: orderService.url, stop: () => running.disposeAsync() };
}

/** What a service answered: status, challenge, and the body, which is JSON or nothing. */
export type ServiceAnswer = { readonly status: number; readonly challenge: string | null; readonly body: unknown };

/** GET with a token, or without. */
export async function callService(url: string, token?: string): Promise<ServiceAnswer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}
