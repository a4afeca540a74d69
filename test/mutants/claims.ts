// Removals from what tokens and UserInfo tell of a person: by scope, by registration, by name.
import type { Mutant } from './mutant.ts';

const domain = 'src/domain/claims.ts';
const mint = 'src/flows/grants/mint.ts';
const request = 'src/flows/authorize/request.ts';
const test = 'test/oauth/claims.test.ts';

export const claimMutants: readonly Mutant[] = [
  {
    name: 'claims: roles at the admin API are told',
    file: domain,
    remove: '      roles: user.roles,',
    insert: '      roles: [...user.roles, ...user.adminRoles],',
    test,
    title: 'never those at the admin API',
  },
  {
    name: 'claims: access tokens tell who somebody is',
    file: domain,
    remove: "scopes.filter((scope) => scope === 'roles' || scope === 'groups' || Object.hasOwn(own, scope))",
    insert: 'scopes.filter((scope) => scope !== own.constructor.name)',
    test,
    title: 'the ID token tells what UserInfo does',
  },
  {
    name: 'claims: ID tokens tell it of every client',
    file: mint,
    remove: 'metadata.id_token_claims ?',
    insert: 'metadata.id_token_claims || own ?',
    test,
    title: 'by their scopes',
  },
  {
    name: 'claims: by name, of scopes that the client may not have',
    file: domain,
    remove: 'names.filter((name) => known.includes(name))',
    insert: 'names.filter((name) => known.includes(name) || claimsOfScope.email!.includes(name))',
    test,
    title: 'nothing of a scope that the client may not have',
  },
  {
    name: 'claims: by name, as the registration was',
    file: 'src/flows/userinfo.ts',
    remove: 'askedByName({ userinfo: asked, idToken: [] }, scopesOf(client.metadata), own).userinfo',
    insert: 'asked.filter((name) => askedByName.length > 0 && scopesOf(client.metadata) && own && name)',
    test,
    title: 'what is taken from the registration later',
  },
  {
    name: 'claims: by name, without asking the person',
    file: 'src/domain/next-step.ts',
    remove: '!consentScopes(request).every(',
    insert: '!(consentScopes(request) && request.scopes).every(',
    test,
    title: 'the person is asked',
  },
  {
    name: 'claims: by name, they outlive the permission',
    file: 'src/storage/consents.ts',
    remove: " OR grants.claims->'scopes' @> to_jsonb(${p.scope})",
    insert: '',
    test,
    title: 'a permission that is taken back',
  },
  {
    name: 'claims: anybody signs in where one person is asked for',
    file: request,
    remove: 'hintedUserId: subjects[0]',
    insert: 'hintedUserId',
    test,
    title: 'sub with a value',
  },
  {
    name: 'claims: an essential acr out of reach is passed over',
    file: request,
    remove: 'if (acr?.isEssential && !acrValues.some(',
    insert: 'if (acr?.isEssential === undefined && !acrValues.some(',
    test,
    title: 'acr: asked for as acr_values are',
  },
  {
    name: 'claims: a tenant redefines what tokens say of themselves',
    file: domain,
    remove: 'return reserved.has(name)',
    insert: "return reserved.has('') && name",
    test,
    title: 'no claim is called',
  },
  {
    name: 'claims: by name, with text that no parameter may have',
    file: 'src/domain/claims-request.ts',
    remove: "text.isWellFormed() && !text.includes('\\0')",
    insert: 'text.length >= 0',
    test,
    title: 'invalid_request',
  },
  {
    name: 'claims: an essential acr is less than acr_values',
    file: request,
    remove: 'claims?.acr?.isEssential ? claims.acr.values :',
    insert: 'claims?.acr?.isEssential && acrParameter === undefined ? claims.acr.values :',
    test,
    title: 'acr: asked for as acr_values are',
  },
  {
    name: 'claims: a token is made that nobody can check or revoke',
    file: mint,
    remove: 'if (accessToken.length > longestToken)',
    insert: 'if (accessToken.length > longestToken * 99)',
    test,
    title: 'too long to be checked or revoked',
  },
];
