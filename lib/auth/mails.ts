import type { Mail } from "../mail/mod.ts";
import type { Services } from "../services.ts";
import { CHALLENGE_MINUTES } from "./challenges.ts";

const lines = (...parts: string[]) => parts.join("\n\n") + "\n";
const link = (services: Services, path: string) => new URL(path, services.baseUrl).href;
const signed = (services: Services) => `Bulkhead, ${services.baseUrl.host}`;
const SOON = `within ${CHALLENGE_MINUTES} minutes, and once`;
const NOT_YOU =
  "If it was not you who asked, do nothing: without this mail nobody gets any further.";

/** Signing in: by link, or by the code where the mail is read on another device. */
export function signInMail(services: Services, to: string, path: string, code: string): Mail {
  return {
    to,
    subject: "Sign in to Bulkhead",
    text: lines(
      `Open this link to sign in, ${SOON}:`,
      link(services, path),
      `Or type this code where you asked for it: ${code}`,
      NOT_YOU,
      signed(services),
    ),
  };
}

/** The code alone, for somebody who is signed in and asked for something that matters. */
export function confirmMail(services: Services, to: string, code: string): Mail {
  return {
    to,
    subject: "Confirm that it is you",
    text: lines(
      `Type this code where you are signed in, ${SOON}: ${code}`,
      "If it was not you who asked, somebody else is signed in as you: change your password and sign out " +
        "other devices.",
      signed(services),
    ),
  };
}

/** Showing that an address is one's own. */
export function verifyMail(services: Services, to: string, path: string): Mail {
  return {
    to,
    subject: "Confirm your e-mail address",
    text: lines(
      `Open this link where you are signed in, ${SOON}:`,
      link(services, path),
      "If you have no account here, do nothing: somebody mistyped an address.",
      signed(services),
    ),
  };
}

/** A new password. */
export function resetMail(services: Services, to: string, path: string): Mail {
  return {
    to,
    subject: "Choose a new password",
    text: lines(
      `Open this link to choose a new password, ${SOON}:`,
      link(services, path),
      NOT_YOU,
      signed(services),
    ),
  };
}

/** To the new address, which takes the place of the old when the link is used. */
export function changeEmailMail(services: Services, to: string, path: string): Mail {
  return {
    to,
    subject: "Confirm your new e-mail address",
    text: lines(
      `Open this link where you are signed in, ${SOON}. From then on this is the address of your account:`,
      link(services, path),
      NOT_YOU,
      signed(services),
    ),
  };
}

/** To where mail about an account went so far: what was changed. */
export function changedMail(services: Services, to: string, what: string): Mail {
  return {
    to,
    subject: `Your ${what} was changed`,
    text: lines(
      `The ${what} of your account was changed just now.`,
      "If it was not you, choose a new password at once:",
      link(services, "/password/forgotten"),
      signed(services),
    ),
  };
}

/** Being asked into a team. */
export function invitationMail(
  services: Services,
  to: string,
  path: string,
  team: { name: string; by: string; role: string; days: number },
): Mail {
  return {
    to,
    // A team's name is its owner's words: quoted, and on one line by the rules of names.
    subject: "You are invited to a team on Bulkhead",
    text: lines(
      `${team.by} invites you to the team “${team.name}” as ${team.role}.`,
      `Open this link to see what it is about and to join, within ${team.days} days, and once:`,
      link(services, path),
      "If you do not know what this is about, do nothing.",
      signed(services),
    ),
  };
}
