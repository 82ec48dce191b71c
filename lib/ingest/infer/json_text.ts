import { Tokenizer, TokenType } from "@streamparser/json";
import { numberForms } from "./numbers.ts";

/** Levels of arrays and objects inside one value. */
export const JSON_DEPTH_AT_MOST = 64;

/** A JSON number as it was written. */
export class JsonNumber {
  constructor(readonly text: string) {}
}

/** A JSON tokenizer whose numbers are JsonNumbers, since a JavaScript number would lose digits. */
export class ExactTokenizer extends Tokenizer {
  override parseNumber(text: string): number {
    // The parser passes values through untouched; its types know only JavaScript's own.
    return new JsonNumber(text) as unknown as number;
  }
}

const isKeptNumber = (value: unknown) =>
  value instanceof JsonNumber && numberForms(value.text, true) !== 0;

/**
 * Whether jsonb keeps what a JSON text says. jsonb drops white space and the order of keys, which
 * mean nothing (RFC 8259 sections 2 and 4), but also the first of two equal keys and the sign of -0, and it refuses
 * `\u0000` and lone surrogates: such a text is not kept.
 */
export function jsonbKeeps(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first !== 123 && first !== 91) return false;
  if (text.includes("\\u") && /\\u(?:0000|[dD][89a-fA-F])/.test(text)) return false;
  // Names of the open objects; null stands for an open array.
  const open: (Set<string> | null)[] = [];
  let previous: TokenType | undefined;
  let keeps = true;
  const tokenizer = new ExactTokenizer();
  tokenizer.onError = () => {
    keeps = false;
  };
  tokenizer.onToken = ({ token, value }) => {
    const names = open.at(-1);
    if (token === TokenType.LEFT_BRACE) open.push(new Set());
    else if (token === TokenType.LEFT_BRACKET) open.push(null);
    else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) open.pop();
    else if (token === TokenType.NUMBER) keeps &&= isKeptNumber(value);
    else if (
      token === TokenType.STRING && names &&
      (previous === TokenType.LEFT_BRACE || previous === TokenType.COMMA)
    ) {
      keeps &&= !names.has(value as string);
      names.add(value as string);
    }
    if (open.length > JSON_DEPTH_AT_MOST) keeps = false;
    previous = token;
  };
  try {
    // The tokenizer alone would let a misplaced comma pass.
    JSON.parse(text);
  } catch {
    return false;
  }
  tokenizer.write(text);
  return keeps;
}
