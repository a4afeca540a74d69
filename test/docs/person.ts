// The person at a browser whom documents tell to open an address: signs in and allows wherever that is asked.
import { type Agent, type Answer, createAgent } from '../support/agent.ts';
import { submitConsent, submitPassword } from '../support/flow.ts';

export type User = { readonly username: string; readonly password: string };

/** Where it ended, on a page or at an address where nothing answers, and what Signet asked on the way. */
export type Visit = {
  readonly url: string;
  readonly page: Answer | undefined;
  readonly asked: readonly ('password' | 'consent')[];
};

/** Opens an address, follows where it leads, and signs in as `user` where Signet asks for it. */
export async function visit(address: string, user: User | undefined, agent: Agent = createAgent()): Promise<Visit> {
  const asked: ('password' | 'consent')[] = [];
  let answer = await agent.get(address);
  for (let steps = 0; steps < 20; steps += 1) {
    if (answer.location !== undefined) {
      const { location } = answer;
      const next = await agent.get(location).catch((error: unknown) => nothingListens(error));
      if (!next) return { url: location, page: undefined, asked };
      answer = next;
    } else if (answer.body.includes('id="login-password"')) {
      if (!user) throw new Error(`${answer.url} asks for a password, but the document has made no user.`);
      if (answer.status >= 400) throw new Error(`${user.username} could not sign in:\n${textOf(answer)}`);
      asked.push('password');
      answer = await submitPassword(agent, answer, user);
    } else if (answer.body.includes('id="consent-allow"')) {
      asked.push('consent');
      answer = await submitConsent(agent, answer);
    } else return { url: answer.url, page: answer, asked };
  }
  throw new Error(`${address} leads on and on.`);
}

function nothingListens(error: unknown): undefined {
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  if (code !== 'ECONNREFUSED') throw error;
}

/** What a page says, without its markup. */
export function textOf({ body, headers }: Answer): string {
  if (!headers.get('content-type')?.includes('html')) return body;
  return body
    .replace(/^[^]*<main/i, '<main')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
