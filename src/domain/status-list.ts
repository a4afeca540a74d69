// The numbers of token status lists: which hour, which list, and which bit in it a token has.

import type { Client } from './client.ts';

/** Bits of one list, a power of two: 128 kB, of which zeros cost next to nothing on the wire. */
export const bitsPerList = 2 ** 20;

/** Places that one hour of expiry has at most. */
export const bitsPerHour = 2 ** 28;

/**
 * Token Status List 6.2: where the status of a token stands. `bit`: a number for the hour in which the token expires and its
 * place there, unique in the tenant.
 */
export type StatusPlace = {
  readonly bit: number;
  /** Whether the grant has yet to be told of it. */
  readonly isNew: boolean;
  /** Of the client for whose tokens it was taken. */
  readonly version: number;
  /** {@link placeOwner}. */
  readonly of: string;
};

/**
 * For whose tokens a place was taken, and through which clients they came: when one of these is changed, or made again under its
 * name, it is somebody else's.
 */
export function placeOwner(clients: readonly Pick<Client, 'id' | 'createdAt' | 'version'>[]): string {
  return clients.map(({ id, createdAt, version }) => `${id} ${createdAt} ${version}`).join(' ');
}

/** Hours since 1970. `exp` in seconds. */
export function hourOf(exp: number): number {
  return Math.floor(exp / 3600);
}

/** The bit at a place of an hour. */
export function bitAt(hour: number, place: number): number {
  return hour * bitsPerHour + place;
}

/** The hour of a bit. */
export function hourOfBit(bit: number): number {
  return Math.floor(bit / bitsPerHour);
}

/** Seconds after its hour for which a list is still served: clocks differ. */
const servedAfter = 900;

/** The first hour whose tokens may still be taken by somebody, at `now` (milliseconds). */
export function oldestHour(now: number): number {
  return hourOf(now / 1000 - servedAfter);
}

/** Random bytes of a generation's name. */
export const generationBytes = 4;

/** A list by its name: all lists of one generation are of one life of the database. */
export type ListName = { readonly generation: string; readonly hour: number; readonly part: number };

/** The name of the list that has the bit, and its index there. */
export function indexOf(generation: string, bit: number): { readonly name: string; readonly idx: number } {
  const place = bit % bitsPerHour;
  const part = Math.floor(place / bitsPerList);
  return { name: nameOf({ generation, hour: hourOfBit(bit), part }), idx: place % bitsPerList };
}

export function nameOf({ generation, hour, part }: ListName): string {
  return `${generation}-${hour}-${part}`;
}

/** A number of the hour and part that only one list has. */
export function listNumber({ hour, part }: Omit<ListName, 'generation'>): number {
  return hour * (bitsPerHour / bitsPerList) + part;
}

const nameForm = /^([0-9a-f]{8})-(0|[1-9]\d{0,6})-(0|[1-9]\d{0,2})$/;

/** @returns undefined for what names no list. */
export function parseListName(name: string): ListName | undefined {
  const [, generation, hour, part] = nameForm.exec(name) ?? [];
  if (generation === undefined || Number(part) >= bitsPerHour / bitsPerList) return undefined;
  return { generation, hour: Number(hour), part: Number(part) };
}

/** The bit of a place in a list; undefined outside. */
export function bitIn({ hour, part }: ListName, idx: unknown): number | undefined {
  if (!Number.isInteger(idx) || (idx as number) < 0 || (idx as number) >= bitsPerList) return undefined;
  return bitAt(hour, part * bitsPerList + (idx as number));
}
