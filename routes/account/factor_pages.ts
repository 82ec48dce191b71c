import type { PageRoute } from "../../lib/web/mod.ts";
import {
  authenticatorPage,
  confirmAuthenticatorPage,
  removeAuthenticatorPage,
} from "./authenticator.tsx";
import {
  confirmCodePage,
  confirmOptionsPage,
  confirmPage,
  confirmPasskeyPage,
} from "./confirm.tsx";
import { continuePage } from "./continue.tsx";
import {
  addPasskeyPage,
  newPasskeyPage,
  passkeyOptionsPage,
  removePasskeyPage,
} from "./passkeys.tsx";
import { signInOptionsPage, signInPasskeyPage } from "./passkey_sign_in.tsx";
import { recoveryCodesPage } from "./recovery_codes.tsx";
import { secondOptionsPage, secondPasskeyPage, secondStepPage } from "./second_step.tsx";
import { securityPage } from "./security.tsx";

/** The pages of second factors: setting them up, signing in with them, verifying one's identity. */
export const FACTOR_PAGES: readonly PageRoute[] = [
  secondStepPage,
  secondOptionsPage,
  secondPasskeyPage,
  signInOptionsPage,
  signInPasskeyPage,
  confirmPage,
  confirmCodePage,
  confirmOptionsPage,
  confirmPasskeyPage,
  continuePage,
  securityPage,
  newPasskeyPage,
  passkeyOptionsPage,
  addPasskeyPage,
  removePasskeyPage,
  authenticatorPage,
  confirmAuthenticatorPage,
  removeAuthenticatorPage,
  recoveryCodesPage,
];
