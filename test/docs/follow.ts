// Follows a document as a newcomer would: types every command, writes every file down, opens every address, and compares.
import { expect } from 'vitest';
import { parse } from 'yaml';
import { type Agent, createAgent } from '../support/agent.ts';
import { becomeAdministrator } from '../support/second-factors.ts';
import type { Checkout } from './checkout.ts';
import { type Fence, fencesOf, fileNameOf, noteOf } from './markdown.ts';
import { textOf, type User, visit } from './person.ts';
import { read } from './project.ts';
import { expectResponse, expectShown, shows } from './shown.ts';
import type { Program } from './terminal.ts';

/** What a document did so far, for what only a program can look at afterwards. */
export type Followed = {
  /** The browser in which the document's addresses were opened. */
  readonly agent: Agent;
  /** The last user whom the document made. */
  readonly user: User | undefined;
  /** How many blocks were typed, sent or opened. */
  readonly acts: number;
};

type State = {
  readonly checkout: Checkout;
  readonly agent: Agent;
  user: User | undefined;
  program: Program | undefined;
  /** Where the last address led, what was there, and whether that was compared with what is shown. */
  arrived: { url: string; text: string | undefined; compared: boolean } | undefined;
  /** The block that was compared with what a command wrote. */
  answer: Fence | undefined;
  response: { status: number; headers: Headers; body: string } | undefined;
  acts: number;
};

/**
 * Follows a document from its first fenced block to its last.
 *
 * - `sh`: typed; the `text` or `json` block right behind it is all that it may write, and without one it is silent.
 *   With the note `keeps running` it is started, and the block behind it is what it must come to show.
 * - a block whose first line names a file in a comment: written down.
 * - `text` with nothing but an address: opened by a person, who signs in as the last user of a file. The `text` block
 *   behind it is what the page says, or the address at which nothing answered.
 * - `text` with the note `in the terminal`: what the program that keeps running must come to show.
 * - `http`: sent; the `http` block behind it is the answer.
 * - a block with a note `not run` or `run by` is left to others; every other block is only shown.
 */
export async function follow(checkout: Checkout, path: string): Promise<Followed> {
  return followFences(checkout, fencesOf(await read(path)), path);
}

export async function followFences(checkout: Checkout, fences: readonly Fence[], path: string): Promise<Followed> {
  const state: State = {
    checkout,
    agent: createAgent(),
    user: undefined,
    program: undefined,
    arrived: undefined,
    answer: undefined,
    response: undefined,
    acts: 0,
  };
  const local = fences.map((fence) => ({ ...fence, text: checkout.here(fence.text) }));
  for (const [index, fence] of local.entries()) {
    try {
      await act(state, fence, local[index + 1]);
    } catch (error) {
      (error as Error).message = `${path}:${fence.line}: ${(error as Error).message}`;
      // Whoever follows the next document needs the ports.
      await checkout.terminal.endPrograms();
      throw error;
    }
  }
  return state;
}

async function act(state: State, fence: Fence, next: Fence | undefined): Promise<void> {
  if (noteOf(fence, 'not run') !== undefined || noteOf(fence, 'run by') !== undefined) return;
  const name = fileNameOf(fence);
  if (name !== undefined) {
    await state.checkout.write(name, fence.text);
    if (fence.language === 'yaml') noticeUsers(state, fence.text);
  } else if (fence.language === 'sh') {
    state.acts += 1;
    await type(state, fence, next);
  } else if (fence.language === 'http') {
    await exchange(state, fence);
  } else if (fence.language === 'text') {
    await look(state, fence);
  }
}

async function type(state: State, fence: Fence, next: Fence | undefined): Promise<void> {
  const { terminal } = state.checkout;
  noticeUsers(state, /<<'YAML'\n([^]*?)^YAML$/m.exec(fence.text)?.[1] ?? '');
  const code = new URL(state.arrived?.url ?? 'http://nowhere').searchParams.get('code');
  if (fence.text.includes('paste-the-code-here')) expect(code, 'the code to paste').not.toBeNull();
  const inbox = /\S+\/inbox\?token=\S+/.exec(state.checkout.signet.output())?.[0];
  if (fence.text.includes('paste-the-inbox-address-here')) expect(inbox, 'the address of the inbox').toBeDefined();
  const commands = fence.text
    .replaceAll('paste-the-code-here', code ?? '')
    .replaceAll('paste-the-inbox-address-here', inbox ?? '');
  const answer = next && fileNameOf(next) === undefined && isAnswer(next) ? next : undefined;
  state.answer = answer;
  if (noteOf(fence, 'keeps running') !== undefined) {
    const program = await terminal.start(commands);
    state.program = program;
    if (!answer) throw new Error('Without a block that shows what it says, nobody knows when it is ready.');
    await comesToShow(program, answer);
    return;
  }
  const came = await terminal.type(commands);
  if (!answer) expect(came).toBe('');
  else if (answer.language === 'http') expectResponse(parseResponse(came), answer.text);
  else expectShown(came, answer);
}

function isAnswer(fence: Fence): boolean {
  return fence.language === 'json' || fence.language === 'text' || fence.text.startsWith('HTTP/1.1 ');
}

async function comesToShow(program: Program, shown: Fence): Promise<void> {
  await expect
    .poll(() => shows(program.output(), shown) || program.hasEnded, { message: `to show:\n${shown.text}` })
    .toBe(true);
  if (!shows(program.output(), shown)) throw new Error(`It wrote\n${program.output()}\ninstead of\n${shown.text}`);
}

/** What the server says at its start, what a program says, what a page says, or an address to open. */
async function look(state: State, fence: Fence): Promise<void> {
  const { checkout } = state;
  const text = fence.text.trim();
  if (text.includes('Signet is ready at')) {
    await checkout.signet.says(/setup\?token=\S+\n/);
    expectShown(checkout.signet.output(), fence);
    await administer(checkout, /\S+setup\?token=\S+/.exec(checkout.signet.output())![0]);
  } else if (noteOf(fence, 'in the terminal') !== undefined) {
    if (!state.program) throw new Error('No program keeps running.');
    await comesToShow(state.program, fence);
  } else if (state.arrived?.compared === false && fence !== state.answer) {
    state.arrived.compared = true;
    expectShown(state.arrived.text ?? state.arrived.url, fence);
  } else if (/^https?:\/\/\S+$/.test(text)) {
    await open(state, text);
  }
  // What a program asks people to open, they open.
  if (state.program && fence === state.answer && authorizationAddress.test(text))
    await open(state, authorizationAddress.exec(state.program.output())![0]);
}

const authorizationAddress = /^https?:\S+\/oauth\/authorize\?\S+$/m;

async function open(state: State, address: string): Promise<void> {
  state.acts += 1;
  // A running server knows within a second what was applied. People are slower than that; this is not.
  const notYetKnown = async () => {
    const { url, page } = await visit(address, state.user, state.agent);
    state.arrived = { url, text: page && textOf(page), compared: false };
    return new URL(url).searchParams.get('error') === 'invalid_target';
  };
  await expect.poll(notYetKnown, { message: `${address} asks for a resource that is not known` }).toBe(false);
}

/** Sends a request that is shown as HTTP; `$NAME` is what the shell has under that name. */
async function exchange(state: State, { text }: Fence): Promise<void> {
  if (text.startsWith('HTTP/1.1 ')) {
    if (state.response) expectResponse(state.response, text);
    state.response = undefined;
    return;
  }
  state.acts += 1;
  const [head = '', ...body] = (await withVariables(state, text)).trimEnd().split('\n\n');
  const [start = '', ...lines] = head.split('\n');
  const [method = '', path = ''] = start.split(' ');
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
  const response = await fetch(`http://${headers.get('host')}${path}`, {
    method,
    headers,
    redirect: 'manual',
    // A form that is too long for a line may be broken after its ampersands.
    ...(body.length > 0 && { body: body.join('\n\n').replaceAll('&\n', '&') }),
  });
  state.response = { status: response.status, headers: response.headers, body: await response.text() };
}

async function withVariables({ checkout }: State, text: string): Promise<string> {
  let result = text;
  for (const [variable] of text.matchAll(/\$[A-Z_]+/g)) {
    const value = (await checkout.terminal.type(`printf %s "${variable}"`)).trim();
    if (value === '') throw new Error(`${variable} is not set.`);
    result = result.replaceAll(variable, value);
  }
  return result;
}

/** What `curl -i` writes. */
function parseResponse(came: string): { status: number; headers: Headers; body: string } {
  const [head = '', ...rest] = came.replaceAll('\r', '').split('\n\n');
  const [start = '', ...lines] = head.split('\n');
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
  return { status: Number(start.split(' ')[1]), headers, body: rest.join('\n\n') };
}

function noticeUsers(state: State, yaml: string): void {
  const { users } = (parse(yaml) ?? {}) as { users?: User[] };
  state.user = users?.findLast(({ password }) => password !== undefined) ?? state.user;
}

/** Follows the setup link, then signs in with what was chosen there. */
async function administer({ base }: Checkout, link: string): Promise<void> {
  await becomeAdministrator(createAgent(), base, link, { username: 'root', password: 'fifteen letters' });
}
