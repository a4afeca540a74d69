// Sends what waits in the outbox: a few messages at a time, each at most once at a time among all processes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../../deps.ts';
import {
  type Channel,
  type Courier,
  DeliveryError,
  type Message,
  pauseAfter,
  sendingLease,
} from '../../domain/outbox.ts';
import { type ClaimedMessage, claimMessage, markDead, markSent, postponeMessage } from '../../storage/outbox.ts';
import { Unavailable } from '../../domain/errors.ts';
import { clockTrouble } from '../upkeep/clocks.ts';
import { openBody } from '../deliver/message.ts';

/** What sends the messages of each channel. */
export type Couriers = { readonly [C in Channel]?: Courier<C> };

export type Delivery = {
  /** Looks for what is due, unless enough is under way. Does not wait for it. */
  look(): void;
  /** Resolves when nothing is being sent. */
  settled(): Promise<void>;
  /** Begins nothing more; resolves when what was being sent is settled. */
  stop(): Promise<void>;
};

/** At once in a process: a destination that hangs holds one of them until its time is over. */
const lanes = 4;

/** Milliseconds for which the clocks of this machine and the database, once compared, are believed to agree. */
const betweenClocks = 60_000;

/** A message is kept by nobody in memory: a process that is killed leaves it to the others when its lease is over. */
export function startDelivery(deps: Deps, couriers: Couriers): Delivery {
  const channels = Object.keys(couriers) as Channel[];
  const running = new Set<Promise<void>>();
  let stopped = false;
  let comparedAt = -Infinity;
  const lane = async () => {
    try {
      // With a wrong clock messages would be taken from others, or be given up for their age.
      if (performance.now() - comparedAt > betweenClocks) {
        if ((await clockTrouble(deps)) !== undefined) return;
        comparedAt = performance.now();
      }
      let isMore = true;
      while (isMore) isMore = !stopped && (await deliverOne(deps, couriers, channels));
    } catch (error) {
      deps.log.warn({ err: error }, 'the outbox could not be read or written; it is tried again');
    }
  };
  return {
    look() {
      if (stopped || channels.length === 0 || running.size === lanes) return;
      const begun = lane().finally(() => running.delete(begun));
      running.add(begun);
    },
    settled: async () => void (await Promise.all(running)),
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** @returns false when nothing is due. */
export async function deliverOne(deps: Deps, couriers: Couriers, channels: readonly Channel[]): Promise<boolean> {
  const now = deps.clock();
  const message = await claimMessage(deps.db, channels, now, now + sendingLease);
  if (!message) return false;
  if (message.expiresAt <= now) {
    await giveUp(deps, message, 'too old to be of use');
    return true;
  }
  try {
    const { id, channel, purpose, destination, sealed } = message;
    // The body was written with its channel.
    const whole = { id, channel, purpose, destination, ...bodyOf(deps, id, sealed) } as Message;
    await (whole.channel === 'mail' ? couriers.mail!(whole) : couriers.sms!(whole));
  } catch (error) {
    await failed(deps, message, error);
    return true;
  }
  await settle(() => markSent(deps.db, message, deps.clock()));
  deps.metrics.delivery(message.channel, 'sent');
  deps.log.info(aboutOf(message), 'message sent');
  return true;
}

/** A database that is away for a moment does not make a mail come twice. */
async function settle(write: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof Unavailable) || tries === 10) throw error;
      await sleep(1000);
    }
  }
}

function bodyOf(deps: Deps, id: string, sealed: string) {
  try {
    return openBody(deps, id, sealed);
  } catch {
    throw new DeliveryError('no SECRET_KEY that is given opens it', false);
  }
}

async function failed(deps: Deps, message: ClaimedMessage, error: unknown): Promise<void> {
  const problem = error instanceof Error ? error.message : String(error);
  const now = deps.clock();
  const next = now + pauseAfter(message.attempt);
  if (error instanceof DeliveryError && error.permanent) return giveUp(deps, message, problem);
  if (next >= message.expiresAt) return giveUp(deps, message, problem);
  await postponeMessage(deps.db, message, problem, next);
  deps.metrics.delivery(message.channel, 'failed');
  deps.log.warn({ ...aboutOf(message), attempt: message.attempt, problem }, 'message not sent; it is tried again');
}

async function giveUp(deps: Deps, message: ClaimedMessage, problem: string): Promise<void> {
  await markDead(deps.db, message, problem, deps.clock());
  deps.metrics.delivery(message.channel, 'dead');
  deps.log.error({ ...aboutOf(message), attempt: message.attempt, problem }, 'message given up');
}

/** The address is personal: the id leads to it, for operators. */
function aboutOf({ id, channel, purpose }: ClaimedMessage) {
  return { message: id, channel, purpose };
}
