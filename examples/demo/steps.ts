// What the demo tells people to do. test/stories/demo-browser.test.ts does it: it reads the addresses, the names of
// buttons behind "press", who is to sign in, and what there is to see.
import { type Addresses, jane, sam } from './world.ts';

/** The text for the terminal. */
export function steps({ signet, harbor, ledger, orchard, depot }: Addresses): string {
  return `
  Signet and four applications that trust it are running, until you press Ctrl-C.

  Signet    ${signet}
  Harbor    ${harbor}    has a session of its own
  Ledger    ${ledger}    asks Signet at every visit
  Orchard   ${orchard}   is a page without a server
  Depot     ${depot}     shows its token, and calls two services with it

  People:   ${jane.username} with the password "${jane.password}"
            ${sam.username} with the password "${sam.password}"

  1. Open ${harbor}/ and press "Sign in". You are at Signet now: sign in as jane.
     Harbor is a stranger to you, so Signet asks: press "Allow". You see "Hello, Jane Doe".

  2. Open ${ledger}/ and press "Sign in". No password this time, and no question, because
     Ledger belongs to the house. You see "The books of Jane Doe".

  3. Stay there and press "Refresh the tokens". Signet was asked for new ones behind the browser's back.
     You see "Refreshes so far: 1".

  4. Open ${orchard}/ and press "Sign in". No password, but a question: anything on this machine
     could pose as a page that has no secret. So press "Allow". You see "Good harvest, Jane Doe".

  5. Open ${signet}/account and look at where jane is signed in and what she allowed.
     You see "Applications with access".

  6. Open ${depot}/ and press "Sign in". It shows the access token that it got, counting down, and what two
     services say to it. You see "asked by goods". Now press "Revoke the token" and watch the services, which ask
     nobody: one to two seconds later you see "The access token was revoked".

  7. Open ${harbor}/ and press "Sign out". You see "You are signed out".

  8. Open ${ledger}/ once more: it asked Signet, and you see "Your sign-in has ended".

  Press Ctrl-C to end everything and to remove its data.
`;
}
