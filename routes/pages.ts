import type { PageRoute } from "../lib/web/mod.ts";
import { signInPage } from "./account/sign_in.tsx";
import { signInLinkPage } from "./account/sign_in_link.tsx";
import { signOutPage } from "./account/sign_out.ts";
import { signUpPage } from "./account/sign_up.tsx";
import { home } from "./home.tsx";

/** Every page: its path, who may open it, what it does. */
export const PAGES: readonly PageRoute[] = [
  home,
  signUpPage,
  signInPage,
  signInLinkPage,
  signOutPage,
];
