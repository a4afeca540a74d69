// What the services of the shop have in common: the API that their tokens are for, and where each of them listens.

/** The resource that is registered at Signet. One token for it is good at every service that takes this audience. */
export const shop = 'https://shop.example/api';

/** What a service must know to check tokens. */
export type ServiceOptions = {
  /** Where Signet is: the issuer, character by character. */
  readonly issuer: string;
  readonly port: number;
  /** The host to listen on, and of its address: `localhost` unless given. */
  readonly host?: string;
};

/** Milliseconds for a call from one service to another. */
export const patience = 5000;

/** Says that the first token will have to wait for Signet; a service that starts before Signet is no failure. */
export function warnWithoutKeys(error: Error): void {
  const { message } = (error.cause ?? error) as Error;
  console.warn(`The keys of Signet cannot be had yet (${message}). They are asked for again with the next token.`);
}
