// A client as commands show one.
import { type Client, isPublic } from '../../domain/client.ts';
import type { Column } from '../frame/output.ts';

/** RFC 7591 3.2.1: its id and the metadata in force. Never its secret, of which only a MAC is stored. */
export function clientForScripts({ id, metadata, adminRoles, disabled }: Client) {
  const { built_in: isBuiltIn, ...registered } = metadata;
  return {
    client_id: id,
    ...registered,
    ...(isBuiltIn && { built_in: true }),
    ...(adminRoles.length > 0 && { admin_roles: adminRoles }),
    disabled,
  };
}

export const clientColumns: readonly Column<ReturnType<typeof clientForScripts>>[] = [
  { head: 'Client', of: (client) => client.client_id, whole: true },
  { head: 'Name', of: (client) => client.client_name },
  { head: 'Type', of: (client) => (isPublic(client) ? 'public' : 'confidential') },
  { head: 'Redirect URIs', of: ({ redirect_uris }) => shortened(redirect_uris) },
  { head: 'State', of: (client) => (client.disabled ? 'disabled' : 'enabled') },
];

function shortened([first, ...more]: readonly string[]): string | undefined {
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
