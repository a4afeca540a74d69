// Token exchange as services ask for it, and a small world of services for it.
import { accessTokenTypeUri } from '../../src/domain/token-exchange.ts';
import { tokenExchangeGrant } from '../../src/domain/client.ts';
import { type TokenAnswer, tokenRequest, webClient } from './flow.ts';

export const shop = 'https://shop.example/api';
export const orders = 'https://orders.example/api';
export const stock = 'https://stock.example/api';
export const plain = 'https://plain.example/api';
/** Scopes of the shop. */
export const shopScope = 'orders:read orders:write stock:read shop:use';

type Service = { readonly client_id: string; readonly client_secret: string };

/** A client that signs nobody in: it calls, exchanges and is asked. */
export const service = <More extends object>(client_id: string, more: More) => ({
  client_id,
  client_secret: `a secret of ${client_id}`.padEnd(40, '.'),
  grant_types: [tokenExchangeGrant, 'client_credentials'] as (typeof tokenExchangeGrant | 'client_credentials')[],
  response_types: [],
  redirect_uris: [],
  scope: 'calls:make',
  ...more,
});

/** Signs people in for the shop. */
export const app = { ...webClient, client_id: 'app', scope: `openid profile roles ${shopScope}` };
/** The same; the helper may act for its people. */
export const helped = { ...app, client_id: 'helped', may_act: 'helper' };
/** Is the shop, which calls orders. */
export const gateway = service('gateway', {
  serves: [shop],
  exchange: [
    { to: orders, scopes: ['orders:read', 'shop:use'] },
    { to: plain, scopes: ['orders:read'] },
  ],
});
/** Is orders, which calls stock. */
export const ordersApi = service('orders-api', {
  serves: [orders],
  exchange: [{ to: stock, scopes: ['orders:read', 'stock:read'] }],
});
/** Is nothing, and may act for the people of one application. */
export const helper = service('helper', { exchange: [{ to: stock, scopes: ['stock:read'] }] });
/** Has a policy, and nothing to exchange. */
export const stranger = service('stranger', { exchange: [{ to: orders, scopes: ['orders:read'] }] });

export const exchangeWorld = {
  clients: [app, helped, gateway, ordersApi, helper, stranger],
  resources: [
    { identifier: shop, scopes: shopScope.split(' ') },
    { identifier: orders, scopes: ['orders:read', 'orders:write', 'calls:make'] },
    { identifier: stock, scopes: ['stock:read', 'orders:read'], access_token_lifetime: 120 },
    { identifier: plain, scopes: ['orders:read'], access_token_type: 'JWT' as const },
  ],
};

/** RFC 8693 2.1. A parameter that is undefined is left out. */
export function exchange(
  at: { readonly issuer: string },
  client: Pick<Service, 'client_id'> & { readonly client_secret?: string },
  subjectToken: string,
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<TokenAnswer> {
  const whole = {
    grant_type: tokenExchangeGrant,
    subject_token: subjectToken,
    subject_token_type: accessTokenTypeUri,
    ...more,
  };
  const given = Object.entries(whole).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return tokenRequest(at, client, Object.fromEntries(given));
}
