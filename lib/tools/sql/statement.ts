/** SQL text with the values of its parameters, each bound as text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly string[];
}

/** Collects the values of one statement. */
export class Params {
  readonly values: string[] = [];

  /** Binds a value and answers its placeholder, of type text. */
  bind(value: string): string {
    return `$${this.values.push(value)}::text`;
  }

  /**
   * Binds a value in a column's type. It travels as text in every case, so that no driver rounds it and
   * the statement's text is the same whatever the value.
   */
  bindAs(value: string, cast: string): string {
    const placeholder = this.bind(value);
    return cast === "pg_catalog.text" ? placeholder : `${placeholder}::${cast}`;
  }
}
