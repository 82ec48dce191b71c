/** Limits on attempts. */
export { createLimiter, type Limit, type Limiter } from "./window.ts";
