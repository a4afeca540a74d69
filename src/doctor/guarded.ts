// The net below each check.
import { Unavailable } from '../domain/errors.ts';
import { type CheckName, type Finding, problem } from '../domain/finding.ts';

/** A check that fails in a way that nobody foresaw is a finding too, and stops no other one. */
export async function guarded(
  check: CheckName,
  work: () => Finding[] | Promise<Finding[]>,
  isPossible = true,
): Promise<Finding[]> {
  if (!isPossible) return [];
  try {
    return await work();
  } catch (error) {
    const { message } = error instanceof Unavailable && error.cause instanceof Error ? error.cause : (error as Error);
    const todo = 'Do what the message says. If it says nothing, look into the logs of Signet and PostgreSQL.';
    return [problem(check, message, todo)];
  }
}
