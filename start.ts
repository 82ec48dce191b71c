/**
 * What `deno task start` runs: does what needs wide permissions, then becomes `main.ts`, which serves
 * with narrow ones. See docs/decisions/0022-permissions.md.
 */
import { fileURLToPath } from "node:url";
import { bundlePlaces } from "./lib/bundle/mod.ts";
import { readConfig } from "./lib/config.ts";
import {
  become,
  ignoresHangup,
  permissionFlags,
  prepare,
  readArguments,
  USAGE,
  wordsFor,
} from "./lib/launch/mod.ts";

const ROOT = new URL("./", import.meta.url);

async function main(): Promise<number> {
  try {
    const args = readArguments(Deno.args);
    if (args.help) {
      console.log(USAGE);
      return 0;
    }
    const env = Deno.env.toObject();
    const permits = await prepare(
      readConfig(env),
      bundlePlaces(ROOT),
      (line) => console.error(line),
    );
    become({
      path: Deno.execPath(),
      args: [
        "run",
        // Nothing is fetched any more: what is not there is a fault, told at once.
        "--cached-only",
        "--frozen",
        ...permissionFlags(permits),
        fileURLToPath(new URL("main.ts", ROOT)),
        ...(ignoresHangup() ? ["--ignore-hangup"] : []),
        ...Deno.args,
      ],
      env,
    });
  } catch (error) {
    // There is no log yet that could have the details.
    console.error(wordsFor(error) ?? error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
