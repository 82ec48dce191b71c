/** Putting the parts together: what `main.ts` and the tests start. */
export { type OpenInput, type OpenServices, openServices } from "./services.ts";
