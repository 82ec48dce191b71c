/** What Postgres says of a fault: an ErrorResponse, by its fields (protocol, "Error and Notice Message Fields"). */
export class ServerFault extends Error {
  override readonly name = "ServerFault";

  constructor(readonly fields: ReadonlyMap<string, string>) {
    super(fields.get("M") ?? "the server told of a fault without a message");
  }

  /** SQLSTATE. */
  get code(): string {
    return this.fields.get("C") ?? "XX000";
  }
}

/** The connection ended, or what came over it is not Postgres's protocol. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  readonly code = "CONNECTION_CLOSED";
}

/** Reads the fields of an ErrorResponse or NoticeResponse: pairs of a letter and a text, ended by a zero. */
export function readFields(body: Uint8Array): Map<string, string> {
  const decoder = new TextDecoder();
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0;) {
    const end = body.indexOf(0, at + 1);
    if (end < 0) break;
    fields.set(String.fromCharCode(body[at]!), decoder.decode(body.subarray(at + 1, end)));
    at = end + 1;
  }
  return fields;
}
