import { quoteLiteral } from "../../postgres/mod.ts";
import type { Field } from "./field.ts";
import { Params } from "./statement.ts";

/** Writes values into the text itself, quoted and cast, for SQL that is kept: a policy has no parameters. */
export class LiteralParams extends Params {
  /** A value of type text. */
  override bind(value: string): string {
    return `${quoteLiteral(value)}::pg_catalog.text`;
  }

  /** A value in a field's type. */
  override bindAs(value: string, field: Field): string {
    return `${quoteLiteral(value)}::${field.cast}`;
  }
}
