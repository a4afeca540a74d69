// Sending a page: its language, its tenant's face, its headers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { basePath } from '../context.ts';
import { pageHeaders } from '../headers.ts';
import { conveniences } from './views/conveniences.ts';
import { tryOut } from './views/try-out.ts';
import type { Html } from '../../texts/html.ts';
import { negotiateLocale } from '../../texts/messages.ts';
import type { Page } from './views/layout.ts';

const stylesheet = readFileSync(join(import.meta.dirname, 'signet.css'));

/** The stylesheet under a name that changes with its content, so that browsers may keep it for ever. */
export const stylesheetFile = {
  name: `signet-${createHash('sha256').update(stylesheet).digest('hex').slice(0, 12)}.css`,
  body: stylesheet,
};

/** The scripts that there are, each with the source that allows it. */
const scripts = [conveniences, tryOut].map((made) => {
  const [, text = ''] = /^<script>(.*)<\/script>$/s.exec(String(made))!;
  return { tag: `<script>${text}`, source: `sha256-${createHash('sha256').update(text).digest('base64')}` };
});

/** What every page of this request's tenant has in common. Before a tenant is known: plain Signet. */
export function pageOf(request: FastifyRequest, uiLocales?: string): Page {
  const { tenant } = request as { tenant?: FastifyRequest['tenant'] };
  return {
    locale: negotiateLocale(uiLocales, request.headers['accept-language']),
    tenantName: tenant?.name ?? 'Signet',
    logoUri: tenant?.settings.logo_uri,
    stylesheet: `${tenant ? basePath(tenant) : request.server.mountPath}/assets/${stylesheetFile.name}`,
  };
}

/** Renders and sends. `connects`: its script may ask this origin. */
export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  render: (page: Page) => Html,
  options: { status?: number; uiLocales?: string | undefined; connects?: boolean } = {},
) {
  const body = String(render(pageOf(request, options.uiLocales)));
  pageHeaders(reply, scripts.find(({ tag }) => body.includes(tag))?.source, options);
  return reply
    .code(options.status ?? 200)
    .type('text/html; charset=utf-8')
    .send(body);
}
