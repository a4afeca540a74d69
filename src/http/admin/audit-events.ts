// /admin/api/audit-events: what happened, newest first, and all of it as a file.
import Type from 'typebox';
import { everyAuditEvent, searchAudit } from '../../flows/audit/search.ts';
import {
  auditEventShown,
  type AuditEventShown,
  auditFilterIn,
  auditFilters,
  shownAuditEvent,
} from '../../schemas/audit-event.ts';
import { closed } from '../../schemas/parts.ts';
import type { Operation } from './operation.ts';
import { limitIn, page, pageOf, pageQuery } from './paging.ts';

export const auditEventOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/audit-events',
    scope: 'admin:audit-events:read',
    summary: 'List what happened',
    description: 'Newest first. What happens while it is read moves nothing: each event is on one page.',
    query: Type.Object({ ...pageQuery.properties, ...auditFilters.properties }, closed),
    answers: { status: 200, schema: pageOf('AuditEvents', auditEventShown) },
    run: async (deps, { context, query }) => {
      const asked = { filter: auditFilterIn(query), cursor: query['cursor'], limit: limitIn(query) };
      const { items, cursor } = await searchAudit(deps, context, asked);
      return { status: 200, body: page(items.map(shownAuditEvent), cursor) };
    },
  },
  {
    method: 'GET',
    path: '/audit-events/export',
    scope: 'admin:audit-events:read',
    summary: 'Export what happened',
    description:
      'Everything that the filters leave, newest first, as a file: a line of JSON for each event, or CSV (RFC 4180) with a header. In CSV, a cell that a spreadsheet would take for a formula begins with an apostrophe. A connection that ends early says that something is missing.',
    query: Type.Object(
      {
        format: Type.Optional(Type.Enum(['jsonl', 'csv'], { description: 'jsonl unless given.' })),
        ...auditFilters.properties,
      },
      closed,
    ),
    answers: { status: 200, content: ['application/jsonl', 'text/csv'] },
    run: async (deps, { context, query }) => {
      const form = query['format'] === 'csv' ? csv : jsonl;
      const pages = await everyAuditEvent(deps, context, auditFilterIn(query));
      return { status: 200, stream: { type: form.type, name: form.name, chunks: written(form, pages) } };
    },
  },
];

/** A form of the file: what it begins with, and an event in it, each with the end of its line. */
type FileForm = {
  readonly type: string;
  readonly name: string;
  readonly begin: string;
  row(event: AuditEventShown): string;
};

/** A chunk for the beginning, and one for each page. */
async function* written(
  form: FileForm,
  pages: AsyncIterable<readonly Parameters<typeof shownAuditEvent>[0][]>,
): AsyncGenerator<string, void> {
  if (form.begin !== '') yield form.begin;
  for await (const events of pages) yield events.map((event) => form.row(shownAuditEvent(event))).join('');
}

const jsonl: FileForm = {
  type: 'application/jsonl; charset=utf-8',
  name: 'audit-events.jsonl',
  begin: '',
  row: (event) => `${JSON.stringify(event)}\n`,
};

const columns: Readonly<Record<string, (event: AuditEventShown) => string | undefined>> = {
  id: ({ id }) => id,
  at: ({ at }) => at,
  type: ({ type }) => type,
  actor_kind: ({ actor }) => actor.kind,
  actor_id: ({ actor }) => actor.id,
  user_id: (event) => event.user_id,
  client_id: (event) => event.client_id,
  session_id: (event) => event.session_id,
  grant_id: (event) => event.grant_id,
  request_id: (event) => event.request_id,
  ip: ({ ip }) => ip,
  data: ({ data }) => JSON.stringify(data),
};

const csv: FileForm = {
  type: 'text/csv; charset=utf-8',
  name: 'audit-events.csv',
  begin: `${Object.keys(columns).join(',')}\r\n`,
  row: (event) =>
    `${Object.values(columns)
      .map((column) => cell(column(event) ?? ''))
      .join(',')}\r\n`,
};

/** RFC 4180 2. Spreadsheets run what begins like a formula: an apostrophe in front makes it text. */
function cell(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
