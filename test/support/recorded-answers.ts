// A `fetch` that remembers the last answers, without disturbing whoever reads them.
import { setTimeout as later } from 'node:timers';
import { setTimeout as wait } from 'node:timers/promises';

const kept = 5;
const shownLength = 500;
/** Milliseconds that an answer's body is read, and waited for when it is told. */
const patience = 200;

type Recorded = { readonly head: string; body: string };

export type Recorder = {
  readonly fetch: typeof fetch;
  forget(): void;
  /** What was asked and answered, oldest first; a body that is still coming is told as far as it came. */
  told(): Promise<string[]>;
};

/** `real` sends the requests. Bodies are read from a copy: text, JSON and forms, as much as is shown. */
export function recordAnswers(real: typeof fetch): Recorder {
  let last: { readonly exchange: Recorded; readonly read: Promise<void> }[] = [];
  const recorded: typeof fetch = async (input, init) => {
    const response = await real(input, init);
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const url = input instanceof Request ? input.url : String(input);
    const exchange = { head: `${method} ${url} ${response.status}`, body: '' };
    last = [...last.slice(1 - kept), { exchange, read: readStart(response, exchange).catch(() => {}) }];
    return response;
  };
  return {
    fetch: recorded,
    forget: () => void (last = []),
    async told() {
      await Promise.race([Promise.all(last.map(({ read }) => read)), wait(patience, undefined, { ref: false })]);
      return last.map(({ exchange: { head, body } }) => (body === '' ? head : `${head}\n  ${body}`));
    },
  };
}

async function readStart(response: Response, exchange: Recorded): Promise<void> {
  const type = response.headers.get('content-type') ?? '';
  if (!/^text\/(?!event-stream)|json|x-www-form-urlencoded/i.test(type) || !response.body) return;
  const reader = response.clone().body!.pipeThrough(new TextDecoderStream()).getReader();
  // Whoever cancels the other copy waits until this one is cancelled, too.
  const stop = () => void reader.cancel().catch(() => {});
  later(stop, patience).unref();
  while (exchange.body.length < shownLength) {
    const { done, value } = await reader.read();
    if (done) return;
    exchange.body = `${exchange.body}${value}`.slice(0, shownLength);
  }
  stop();
}
