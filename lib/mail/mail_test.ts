import assert from "node:assert/strict";
import { systemClock } from "../clock.ts";
import { createLog } from "../log.ts";
import { createMailer, mailboxMailer, smtpMailer } from "./mod.ts";

const lines: string[] = [];
const log = createLog((line) => void lines.push(line));
const mail = (subject: string) => ({ to: "ada@example.com", subject, text: "Hello.\n" });

Deno.test("mailboxMailer() keeps the latest hundred", async () => {
  const mailer = mailboxMailer(systemClock, log);
  for (let i = 0; i < 130; i++) mailer.post(() => Promise.resolve(mail(`${i}`)));
  mailer.post(() => Promise.resolve(null));
  await mailer.close();
  const kept = mailer.mailbox!.list();
  assert.equal(kept.length, 100);
  assert.equal(kept[0]!.subject, "129");
});

Deno.test("createMailer() logs what fails, and sends nothing without a transport", async () => {
  lines.length = 0;
  const failing = createMailer(() => Promise.reject(new Error("no route")), log);
  failing.post(() => Promise.resolve(mail("lost")));
  failing.post(() => Promise.reject(new Error("not made")));
  await failing.close();
  assert.deepEqual(lines.map((line) => JSON.parse(line).error.message).sort(), [
    "no route",
    "not made",
  ]);
  let prepared = false;
  const none = createMailer(null, log);
  none.post(() => {
    prepared = true;
    return Promise.resolve(mail("none"));
  });
  await none.close();
  assert.deepEqual([none.available, none.mailbox, prepared], [false, null, false]);
});

/** Takes one mail over SMTP (RFC 5321); answers what was said. */
function smtpServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const said = (async () => {
    using connection = await listener.accept();
    listener.close();
    const writer = connection.writable.getWriter();
    const say = (text: string) => writer.write(new TextEncoder().encode(`${text}\r\n`));
    await say("220 mail.example");
    let all = "";
    let data = false;
    for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
      all += chunk;
      if (data && all.endsWith("\r\n.\r\n")) {
        data = false;
        await say("250 taken");
      } else if (!data) {
        const command = chunk.trimEnd().split("\r\n").at(-1)!;
        data = command === "DATA";
        await say(data ? "354 go on" : command === "QUIT" ? "221 bye" : "250 fine");
        if (command === "QUIT") break;
      }
    }
    return all;
  })();
  return { url: `smtp://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`, said };
}

Deno.test("smtpMailer() says no password to a server without TLS", async () => {
  lines.length = 0;
  const server = smtpServer();
  const url = server.url.replace("smtp://", "smtp://user:canary-password@");
  const mailer = smtpMailer(url, "mail@bulkhead.example", log);
  mailer.post(() => Promise.resolve(mail("lost")));
  await mailer.settle();
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /mail\.failed/);
  const said = await server.said;
  assert(!said.includes("AUTH") && !said.includes("MAIL FROM"), said);
  assert(!lines[0]!.includes("canary-password"));
});

Deno.test("smtpMailer() hands a mail over, to its one address and marked as automatic", async () => {
  lines.length = 0;
  const server = smtpServer();
  const mailer = smtpMailer(server.url, "Bulkhead <mail@bulkhead.example>", log);
  mailer.post(() => Promise.resolve(mail("Sign in to Bulkhead")));
  await mailer.settle();
  assert.deepEqual(lines, []);
  const said = await server.said;
  assert.match(said, /MAIL FROM:<mail@bulkhead\.example>/);
  assert.equal(said.match(/RCPT TO:<([^>]+)>/g)!.length, 1);
  assert.match(said, /RCPT TO:<ada@example\.com>/);
  assert.match(said, /^Subject: Sign in to Bulkhead\r$/m);
  assert.match(said, /^Auto-Submitted: auto-generated\r$/m);
  assert.match(said, /^Hello\.\r$/m);
});
