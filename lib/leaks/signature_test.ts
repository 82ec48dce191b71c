import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { isSignedBy } from "./signature.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const keyOf = (body: string) =>
  createPublicKey(`-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`);

// What GitHub has published: the sample of its documentation, and one of 2019 that PyPI tests with.
const PUBLISHED = [
  {
    // r has 33 bytes in DER, s has 31.
    key: keyOf(
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\n" +
        "AjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==",
    ),
    signature:
      "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==",
    body: '[{"source":"commit","token":"some_token","type":"some_type",' +
      '"url":"https://example.com/base-repo-url/"}]',
  },
  {
    key: keyOf(
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq\n" +
        "kCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==",
    ),
    signature:
      "MEQCIAfgjgz6Ou/3DXMYZBervz1TKCHFsvwMcbuJhNZse622AiAG86/cku2XdcmFWNHl2WSJi2fkE8t+auvB24eURaOd2A==",
    body: '[{"type":"github_oauth_token","token":"cb4985f91f740272c0234202299f43808034d7f5",' +
      '"url":" https://github.com/github/faketestrepo/blob/' +
      'b0dd59c0b500650cacd4551ca5989a6194001b10/production.env"}]',
  },
];

Deno.test("isSignedBy() takes what GitHub has published, and no byte of it changed", () => {
  for (const { key, signature, body } of PUBLISHED) {
    assert(isSignedBy(key, bytes(body), signature));
    assert(!isSignedBy(key, bytes(`${body}\n`), signature));
    assert(!isSignedBy(key, bytes(body.replace('":"', '": "')), signature));
  }
  const [first, second] = PUBLISHED;
  assert(!isSignedBy(second!.key, bytes(first!.body), first!.signature));
  assert(!isSignedBy(first!.key, bytes(first!.body), second!.signature));
});

Deno.test("isSignedBy() takes signatures whose numbers are of every length", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // One number in 512 is a byte shorter than most.
  const lengths = new Set<number>();
  for (let round = 0; !(lengths.has(31) && lengths.has(32) && lengths.has(33)); round++) {
    const body = bytes(`body ${round}`);
    const der = sign("SHA256", body, privateKey);
    lengths.add(der[3]!).add(der[5 + der[3]!]!);
    assert(isSignedBy(publicKey, body, der.toString("base64")));
  }
});

Deno.test("isSignedBy() refuses what is no signature", () => {
  const { key, body, signature } = PUBLISHED[0]!;
  const der = Uint8Array.fromBase64(signature);
  const raw = new Uint8Array(64).fill(1).toBase64();
  for (
    const text of [
      "",
      "!",
      "AAAA",
      "MAA=",
      raw,
      der.slice(0, -1).toBase64(),
      // r = s = 0
      "MAYCAQACAQA=",
    ]
  ) assert(!isSignedBy(key, bytes(body), text), text);
});
