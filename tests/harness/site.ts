import type { Clock } from "../../lib/clock.ts";
import { listen } from "../../lib/start/listen.ts";
import { createHandler } from "../../routes/handler.ts";
import { CookieJar } from "./browser_like.ts";
import type { TestControl } from "./cluster.ts";
import { latestMail } from "./people.ts";
import { testServices } from "./services.ts";

/** The whole site behind a real socket, on throwaway data. */
export async function startSite(
  options: { clock?: Clock; control?: TestControl; origin?: string; githubKeysUrl?: string } = {},
) {
  const stack = new AsyncDisposableStack();
  const listener = listen("127.0.0.1", 0);
  const server = `http://127.0.0.1:${listener.port}`;
  const origin = options.origin ?? server;
  const test = stack.use(await testServices({ ...options, baseUrl: origin }));
  const handler = await createHandler(test.services, options);
  listener.serve(handler);
  stack.defer(() => listener.close());
  const { services } = test;
  return {
    ...test,
    origin,
    server,
    browser: (agent?: string) => new CookieJar(origin, server, agent),
    /** The latest mail to somebody, when it has been sent: its text, its link's path, its code. */
    mail: (to: string) => latestMail(services, to),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
