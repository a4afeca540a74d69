// A world whose every name, address and description tries to be markup.
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';

export const evilText = '"><svg onload=alert(1)>';
const unspaced = '"><svg/onload=alert(1)>';
/** What of it may stand in a URI (RFC 3986 2). */
const evilInUri = "'onload=alert(1);//";

/** A scope name may not hold a quote (RFC 6749 3.3). */
const evilScope = '<svg/onload=alert(1)>';

export const evilUser = { username: unspaced, password: 'correct horse battery staple' };

export const evilClient = {
  client_id: evilText,
  client_secret: 'a-secret-that-has-at-least-32-characters',
  redirect_uris: [`https://web.example/cb?x=${evilInUri}`],
  scope: `openid profile email ${evilScope}`,
};

const address = `https://web.example/${evilInUri}`;

export const evilWorld: ProvisioningFile = {
  tenant: { slug: 'default', name: `Evil ${evilText}` },
  settings: { logo_uri: address },
  users: [{ ...evilUser, name: evilText, nickname: evilText, email: "'+alert`1`+'@evil.example" }],
  clients: [
    {
      ...evilClient,
      client_name: evilText,
      client_uri: address,
      logo_uri: address,
      policy_uri: address,
      tos_uri: address,
    },
  ],
  resources: [
    {
      identifier: 'https://api.example/',
      name: evilText,
      scopes: [{ name: evilScope, description: `Do ${evilText}` }],
    },
  ],
};
