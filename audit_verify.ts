import { verifyCommand } from "./lib/audit/mod.ts";

if (import.meta.main) {
  const { code, text } = await verifyCommand(Deno.args);
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}
