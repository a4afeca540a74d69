// The status of an answer, with what the answer says when it is another.

/** @throws Error with the status, the error and the body of the answer, when its status is not `status`. */
export function expectStatus(answer: { readonly status: number; readonly body: unknown }, status: number): void {
  if (answer.status === status) return;
  const { body } = answer;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const error = typeof body === 'object' && body !== null && 'error' in body ? ` (${String(body.error)})` : '';
  throw new Error(`expected status ${status} but got ${answer.status}${error}:\n${text.slice(0, 2000)}`);
}
