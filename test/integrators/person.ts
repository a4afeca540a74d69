// Somebody who signs in at an application: one browser, as the application and as Signet know it.
import { type Agent, type Answer, createAgent } from '../support/agent.ts';
import { authorizeInteractively } from '../support/flow.ts';

export type Person = {
  /** The cookies of the application. */
  readonly there: Agent;
  /** Those of Signet. */
  readonly atSignet: Agent;
};

export function newPerson(): Person {
  return { there: createAgent(), atSignet: createAgent() };
}

/** Password and consent where they are asked for; the address of the application that Signet leads back to. */
export async function passSignet({ atSignet }: Person, url: string): Promise<string> {
  const answer = await authorizeInteractively(atSignet, { url });
  return `${new URL(url).searchParams.get('redirect_uri')}?${answer.toString()}`;
}

/** From the application to Signet and back: where that ends. */
export async function signInAt(person: Person, origin: string, path = '/sign-in'): Promise<Answer> {
  const { there } = person;
  const begun = await there.follow(await there.get(`${origin}${path}`), origin);
  if (begun.location === undefined) throw new Error(`${begun.status} instead of a sign-in:\n${begun.body}`);
  return there.follow(await there.get(await passSignet(person, begun.location)), origin);
}

/** Signs out as the application says: where Signet leads to, and whether it asks for a password again. */
export async function signOutAt(person: Person, origin: string, path = '/sign-out') {
  const { there, atSignet } = person;
  const begun = await there.follow(await there.get(`${origin}${path}`), origin);
  if (begun.location === undefined) throw new Error(`${begun.status} instead of a sign-out:\n${begun.body}`);
  const { origin: issuer } = new URL(begun.location);
  const { location } = await atSignet.follow(await atSignet.get(begun.location), issuer);
  const { status } = await atSignet.get(`${issuer}/account`);
  return { location, isEnded: status !== 200 };
}
