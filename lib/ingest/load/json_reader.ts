import { TokenizerError, TokenParser, TokenParserError, TokenType } from "@streamparser/json";
import { AppError } from "../../errors.ts";
import { ExactTokenizer, JSON_DEPTH_AT_MOST, JsonNumber } from "../infer/mod.ts";
import { ROW_BYTES_AT_MOST, ROW_TOKENS_AT_MOST } from "./draft.ts";

/** A JSON value whose numbers are as they were written. */
export type JsonValue =
  | null
  | boolean
  | string
  | JsonNumber
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Hears of what a JSON file holds. */
export interface JsonListener {
  /** An element of the array under `key` (of the only array: ""), `at` counted from 1. */
  element(key: string, value: JsonValue, at: number): void;
  /** A line of NDJSON that is not JSON. */
  fault(line: number, reason: string, raw: string): void;
  /** A member of the outermost object that is no array. */
  leftOut?(key: string): void;
  /** Called between chunks, so that what rows led to can be written away. */
  pause?(): Promise<void> | void;
}

const SCALARS: ReadonlySet<TokenType> = new Set([
  TokenType.STRING,
  TokenType.NUMBER,
  TokenType.TRUE,
  TokenType.FALSE,
  TokenType.NULL,
]);

const OPENERS: ReadonlySet<TokenType> = new Set([TokenType.LEFT_BRACE, TokenType.LEFT_BRACKET]);
const CLOSERS: ReadonlySet<TokenType> = new Set([TokenType.RIGHT_BRACE, TokenType.RIGHT_BRACKET]);

const tooLarge = () => new AppError("UNREADABLE_FILE", "An element is larger than 64 MB.");

const TOO_MANY = `more than ${ROW_TOKENS_AT_MOST.toLocaleString("en")} JSON tokens`;

const tooManyTokens = () => new AppError("UNREADABLE_FILE", `An element has ${TOO_MANY}.`);

const tooDeep = () =>
  new AppError(
    "UNREADABLE_FILE",
    `The JSON is nested more than ${JSON_DEPTH_AT_MOST} levels deep.`,
  );

/** Reads an array of rows, or an object of arrays of rows, element by element. Throws UNREADABLE_FILE. */
export async function readJson(
  chunks: AsyncIterable<Uint8Array>,
  listener: JsonListener,
): Promise<void> {
  const tokenizer = new ExactTokenizer();
  let parser: TokenParser | undefined;
  let isObject = false;
  let depth = 0;
  let previous: TokenType | undefined;
  let text = "";
  let key = "";
  let bytes = 0;
  let bytesAtElement = 0;
  let tokens = 0;
  let offset = 0;
  const counts = new Map<string, number>();

  function begin(token: TokenType): TokenParser {
    isObject = token === TokenType.LEFT_BRACE;
    if (!OPENERS.has(token)) {
      throw new AppError("UNREADABLE_FILE", "The JSON is neither an array nor an object.");
    }
    const parser = new TokenParser({ paths: [isObject ? "$.*.*" : "$.*"], keepStack: false });
    parser.onValue = ({ value, key: index }) => {
      bytesAtElement = bytes;
      tokens = 0;
      // In an object of objects there are members, and no elements.
      if (typeof index !== "number") return;
      const at = (counts.get(key) ?? 0) + 1;
      counts.set(key, at);
      listener.element(key, value as unknown as JsonValue, at);
    };
    parser.onError = (error) => {
      throw error;
    };
    return parser;
  }

  tokenizer.onError = (error) => {
    throw error;
  };
  tokenizer.onToken = (info) => {
    const { token, value } = info;
    offset = info.offset;
    if (++tokens > ROW_TOKENS_AT_MOST) throw tooManyTokens();
    parser ??= begin(token);
    if (isObject && depth === 1) {
      if (token === TokenType.STRING && previous !== TokenType.COLON) text = value as string;
      else if (token === TokenType.LEFT_BRACKET) key = text;
      else if (SCALARS.has(token) || token === TokenType.LEFT_BRACE) listener.leftOut?.(text);
    }
    if (OPENERS.has(token)) depth++;
    else if (CLOSERS.has(token)) depth--;
    if (depth > JSON_DEPTH_AT_MOST + 2) throw tooDeep();
    previous = token;
    parser.write(info);
  };

  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      tokenizer.write(chunk);
      if (bytes - bytesAtElement > ROW_BYTES_AT_MOST) throw tooLarge();
      await listener.pause?.();
    }
    if (!tokenizer.isEnded) tokenizer.end();
    if (parser && !parser.isEnded) throw malformed(offset);
    await listener.pause?.();
  } catch (error) {
    if (!(error instanceof TokenizerError || error instanceof TokenParserError)) throw error;
    throw malformed(offset, error);
  }
}

const malformed = (offset: number, cause?: unknown) =>
  new AppError(
    "UNREADABLE_FILE",
    `The JSON is malformed or cut off near byte ${Math.max(0, offset)}.`,
    { cause },
  );

/** Reads NDJSON line by line; a line that is not JSON is told of, and the rest goes on. */
export async function readNdjson(
  chunks: AsyncIterable<Uint8Array>,
  listener: JsonListener,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let line = 0;
  const take = (bytes: Uint8Array) => {
    line++;
    const text = decoder.decode(bytes);
    if (text.trim() === "") return;
    if (hasTooManyTokens(text)) return listener.fault(line, TOO_MANY, text);
    const value = parseLine(text);
    if (value === undefined) listener.fault(line, "not one JSON value", text);
    else listener.element("", value, line);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const part = chunk.subarray(start, end);
      take(rest.length === 0 ? part : joined([...rest, part]));
      [rest, restBytes, start] = [[], 0, end + 1];
    }
    if (start < chunk.length) {
      rest.push(chunk.slice(start));
      restBytes += chunk.length - start;
    }
    if (restBytes > ROW_BYTES_AT_MOST) throw tooLarge();
    await listener.pause?.();
  }
  if (restBytes > 0) take(joined(rest));
  await listener.pause?.();
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether a line has more tokens than an element may have, told without parsing it. */
function hasTooManyTokens(text: string): boolean {
  // No token is shorter than a character.
  if (text.length <= ROW_TOKENS_AT_MOST) return false;
  let tokens = 0;
  let inText = false;
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (inText) {
      if (letter === "\\") at++;
      else inText = letter !== '"';
      continue;
    }
    const isPart = "[]{}:,".includes(letter);
    inText = letter === '"';
    if (isPart || inText) inWord = false;
    else if (" \t\r\n".includes(letter)) {
      inWord = false;
      continue;
    } else if (inWord) continue;
    else inWord = true;
    if (++tokens > ROW_TOKENS_AT_MOST) return true;
  }
  return false;
}

/** Parses one line with the engine's own parser, which tells how each number was written. */
function parseLine(text: string): JsonValue | undefined {
  try {
    return JSON.parse(
      text,
      (_key, value, context?: { source?: string }) =>
        typeof value === "number" ? new JsonNumber(context!.source!) : value,
    ) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Levels of arrays and objects, as far as `limit`. */
export function isDeeperThan(value: JsonValue, limit: number): boolean {
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return false;
  if (limit === 0) return true;
  return Object.values(value).some((member) => isDeeperThan(member as JsonValue, limit - 1));
}

/** Writes a value as JSON text, numbers as they were written. */
export function jsonText(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) =>
    `${JSON.stringify(key)}:${jsonText(member as JsonValue)}`
  );
  return `{${members.join(",")}}`;
}
