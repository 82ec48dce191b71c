import { type Mail, mailQuote } from "../mail/mod.ts";
import type { Services } from "../services.ts";
import { CHALLENGE_MINUTES } from "./challenges.ts";

const lines = (...parts: string[]) => parts.join("\n\n") + "\n";
const link = (services: Services, path: string) => new URL(path, services.baseUrl).href;
const signed = (services: Services) => `Bulkhead, ${services.baseUrl.host}`;
const SOON = `within ${CHALLENGE_MINUTES} minutes, and once`;
const NOT_YOU =
  "If it was not you who asked, do nothing: without this mail nobody gets any further.";

const UTC = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

/** Signing in: by link, or by the code where the mail is read on another device. */
export function signInMail(services: Services, to: string, path: string, code: string): Mail {
  return {
    to,
    subject: "Sign in to Bulkhead",
    text: lines(
      `Open this link to sign in, ${SOON}:`,
      link(services, path),
      `Or enter this code where you asked for it: ${code}`,
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

/** Signing up, and showing that the address is one's own: by code or link. */
export function verifyMail(services: Services, to: string, path: string, code: string): Mail {
  return {
    to,
    subject: "Verify your email",
    text: lines(
      `Enter this code where you created your account, ${SOON}: ${code}`,
      "Or open this link in the same browser:",
      link(services, path),
      "If you did not create an account, do nothing: without this mail nobody gets one with your address.",
      signed(services),
    ),
  };
}

/** To somebody with an account, whose address was typed to sign up. */
export function knownAddressMail(
  services: Services,
  to: string,
  path: string,
  code: string,
): Mail {
  return {
    to,
    subject: "You already have an account",
    text: lines(
      "Somebody typed your address to create an account. You have one already, and it is unchanged.",
      `If it was you, enter this code to sign in, ${SOON}: ${code}`,
      "Or open this link:",
      link(services, path),
      NOT_YOU,
      signed(services),
    ),
  };
}

/** To somebody whose account was signed in to from a browser or a network that it never was before. */
export function newSignInMail(
  services: Services,
  to: string,
  place: { at: Date; device?: string; network: string | null },
): Mail {
  return {
    to,
    subject: "New sign-in to your account",
    text: lines(
      `Your account was signed in to from a new place: ${place.device || "an unknown device"}, ` +
        `network ${place.network ?? "unknown"}, on ${UTC.format(place.at)} UTC.`,
      "If it was you, there is nothing to do.",
      "If it was not you, choose a new password, which signs out every device:",
      link(services, "/password/forgotten"),
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
      "Every other device is signed out by that.",
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

/** To the old address: it is the account's no more, so that no link to a new password would help. */
export function changedAddressMail(services: Services, to: string): Mail {
  return {
    to,
    subject: "Your e-mail address was changed",
    text: lines(
      "The e-mail address of your account was changed to another one just now, by somebody who was signed in.",
      `If it was not you, write to whoever runs ${services.baseUrl.host} at once.`,
      signed(services),
    ),
  };
}

/** To both whom a transfer of ownership concerns. */
export function transferMail(
  services: Services,
  to: string,
  transfer: { team: string; from: string; to: string },
): Mail {
  return {
    to,
    subject: "The ownership of a team was transferred",
    text: lines(
      `${transfer.from} transferred the ownership of the team ${
        mailQuote(transfer.team)
      } to ${transfer.to}, ` +
        `who is an owner now. ${transfer.from} is an admin.`,
      "Members and roles are on this page:",
      link(services, "/team"),
      signed(services),
    ),
  };
}

const NOT_YOU_FACTOR =
  "If it was not you, somebody else is signed in as you: change your password, sign out other devices, and " +
  "look at your two-factor methods:";
const SECURITY = "/account/security";

/** To the owner: what proves who they are besides a password has become more. */
export function factorAddedMail(services: Services, to: string, name: string): Mail {
  return {
    to,
    subject: "A two-factor method was added to your account",
    text: lines(
      `${name} was added to your account just now.`,
      NOT_YOU_FACTOR,
      link(services, SECURITY),
      signed(services),
    ),
  };
}

/** To the owner: it has become less. */
export function factorRemovedMail(
  services: Services,
  to: string,
  name: string,
  left: boolean,
): Mail {
  return {
    to,
    subject: "A two-factor method was removed from your account",
    text: lines(
      `${name} was removed from your account just now.`,
      ...(left
        ? []
        : ["It was the last one: your account is without two-factor authentication now."]),
      NOT_YOU_FACTOR,
      link(services, SECURITY),
      signed(services),
    ),
  };
}

/** To the owner: whoever runs the server took all of it away. */
export function factorsResetMail(
  services: Services,
  to: string,
  removed: readonly string[],
): Mail {
  return {
    to,
    subject: "Two-factor authentication of your account was reset",
    text: lines(
      `Whoever runs ${services.baseUrl.host} removed these from your account just now, and signed out every ` +
        `device: ${removed.join(", ")}.`,
      "Your account is without two-factor authentication now. If you did not ask for this, write to them at once.",
      "Two-factor methods are set up on this page:",
      link(services, SECURITY),
      signed(services),
    ),
  };
}

/** To the owner: somebody got in by a recovery code. */
export function recoveryUsedMail(services: Services, to: string, left: number): Mail {
  return {
    to,
    subject: "A recovery code of your account was used",
    text: lines(
      `A recovery code was used just now to verify your identity. ${left} are left.`,
      NOT_YOU_FACTOR,
      link(services, SECURITY),
      signed(services),
    ),
  };
}

/** To the owner: the codes that get them in without their factors are new. */
export function recoveryCreatedMail(services: Services, to: string): Mail {
  return {
    to,
    subject: "Your recovery codes were replaced",
    text: lines(
      "New recovery codes were created for your account just now. The earlier ones work no more.",
      NOT_YOU_FACTOR,
      link(services, SECURITY),
      signed(services),
    ),
  };
}

/** To the owner: somebody who got past the password tries codes. */
export function wrongCodesMail(services: Services, to: string): Mail {
  return {
    to,
    subject: "Wrong codes at your account",
    text: lines(
      "Somebody typed too many wrong two-factor codes at your account. Whoever it is has your password, or " +
        "reads your mail. They are not in.",
      "If it was not you, change your password at once:",
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
    subject: "You are invited to a team on Bulkhead",
    text: lines(
      `${team.by} invites you to the team ${mailQuote(team.name)} as ${team.role}.`,
      `Open this link to see what it is about and to join, within ${team.days} days, and once:`,
      link(services, path),
      "If you do not know what this is about, do nothing.",
      signed(services),
    ),
  };
}
