/** What a file is: format, encoding, delimiter, quote, header. */
export {
  detect,
  type Detected,
  type DetectedDelimited,
  type DetectedJson,
  type KnownOfFile,
} from "./detect.ts";
export { type Dialect } from "./dialect.ts";
export { type Encoding, NotUtf8, Utf8Probe } from "./encoding.ts";
export { type Format } from "./format.ts";
