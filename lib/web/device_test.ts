import assert from "node:assert/strict";
import { deviceOf } from "./device.ts";

Deno.test("deviceOf() names browser and system, and keeps nothing else that is sent", () => {
  const cases: [string, string][] = [
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
    [
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
      "Edge on Windows",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/18.0 Safari/605.1",
      "Safari on macOS",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
      "Safari on iPhone",
    ],
    [
      "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
      "Chrome on Android",
    ],
    ["curl/8.0", "Unknown device"],
    ["<script>alert(1)</script>", "Unknown device"],
    ["", "Unknown device"],
  ];
  for (const [agent, device] of cases) {
    const headers = { "user-agent": agent };
    assert.equal(deviceOf(new Request("http://127.0.0.1/", { headers })), device);
  }
});
