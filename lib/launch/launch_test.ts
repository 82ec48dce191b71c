import assert from "node:assert/strict";
import { permissionFlags, readArguments, USAGE } from "./mod.ts";
import { VARIABLES } from "../config.ts";

Deno.test("readArguments() tells files from options, and refuses what there is not", () => {
  const args = readArguments(["a.csv", "--new-token", "--json", "--", "--odd.csv"]);
  assert.deepEqual(args.files, ["a.csv", "--odd.csv"]);
  assert.deepEqual([args.newToken, args.replace, args.json, args.help], [true, false, true, false]);
  assert.throws(() => readArguments(["--odd"]), /no option --odd/);
  for (const option of ["--new-token", "--replace"]) {
    assert.throws(() => readArguments([option]), /needs the file/);
    assert.ok(readArguments([option, "--help"]).help);
  }
});

Deno.test("USAGE names every variable and option", () => {
  const options = ["--ignore-hangup", "--help"];
  for (
    const name of [
      ...VARIABLES,
      ...options,
      "--replace",
      "--new-token",
      "--json",
      "--sign-in",
      "--reset-factors",
    ]
  ) {
    assert.ok(USAGE.includes(name), name);
  }
});

Deno.test("permissionFlags() grants what is listed, and no program where none is", () => {
  const permits = { write: ["/data", "/var/x"], run: [], ffi: ["/f"], env: ["PORT"] };
  const flags = permissionFlags(permits);
  assert.ok(flags.includes("--allow-write=/data,/var/x"));
  assert.ok(flags.includes("--allow-env=PORT") && flags.includes("--ignore-env"));
  assert.ok(flags.includes("--no-prompt"));
  assert.ok(
    !flags.some((flag) => /^(-A|--allow-all|--allow-run.*|--allow-(write|env|ffi))$/.test(flag)),
  );
  assert.ok(permissionFlags({ ...permits, run: ["/p"] }).includes("--allow-run=/p"));
  assert.throws(() => permissionFlags({ ...permits, write: ["/a,b"] }), /has a comma/);
});

Deno.test("readArguments() takes an address to sign in, alone and with a reset", () => {
  const { signIn } = readArguments(["--sign-in", "ada@example.com"]);
  assert.deepEqual(signIn, { email: "ada@example.com", reset: false });
  for (const args of [["--sign-in=a@b.example"], ["--sign-in", "a@b.example"]]) {
    const both = readArguments([...args, "--reset-factors", "--json"]);
    assert.deepEqual(both.signIn, { email: "a@b.example", reset: true });
    assert.ok(both.json);
  }
  for (const args of [["--sign-in"], ["--sign-in="], ["--sign-in", "--reset-factors"]]) {
    assert.throws(() => readArguments(args), /--sign-in needs an address/, args.join(" "));
  }
  assert.throws(() => readArguments(["--reset-factors"]), /needs --sign-in/);
  assert.throws(() => readArguments(["--sign-in", "a@b.example", "a.csv"]), /do not go together/);
});
