/**
 * Run with the flags of a server, tries what a server must not do, and prints as JSON what it could:
 * `attempts.ts DATA SYSTEM_FILE`.
 */
const [data, outside] = Deno.args as [string, string];
const library = Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6";

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  "write in the data folder": () => Deno.writeTextFileSync(`${data}/attempt`, "x"),
  "write elsewhere": () => Deno.writeTextFileSync(outside, "x"),
  "write beside the data folder": () => Deno.writeTextFileSync(`${data}/../attempt`, "x"),
  "change the checkout": () =>
    Deno.writeTextFileSync(new URL("../../main.ts", import.meta.url), "", { append: true }),
  "replace what runs next": () =>
    Deno.writeTextFileSync(new URL("../../.build/attempt", import.meta.url), "x"),
  "link out of the data folder": () => Deno.symlinkSync("/", `${data}/root`),
  "run a shell": () => new Deno.Command("/bin/sh", { args: ["-c", "true"] }).outputSync(),
  "run the runtime": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  "signal a process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "load a library": () => Deno.dlopen(library, {}).close(),
  "see other processes": () => Deno.readTextFileSync(`/proc/${Deno.ppid}/environ`),
};

if (import.meta.main) {
  const done: string[] = [];
  for (const [name, attempt] of Object.entries(ATTEMPTS)) {
    try {
      attempt();
      done.push(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) done.push(`${name}: ${error}`);
    }
  }
  if (Deno.env.get("FOREIGN_SECRET") !== undefined) done.push("see a foreign variable");
  console.log(JSON.stringify(done));
}
