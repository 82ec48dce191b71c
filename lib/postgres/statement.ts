// deno-lint-ignore-file no-explicit-any -- each caller names the shape of the rows that it asked for
import type { Fragment, Parameter } from "./template.ts";

/** A row of an answer, by its columns' names. */
export type Row = Record<string, any>;

/** Rows, and how many were answered or changed. */
export type Rows<T extends readonly unknown[]> = T & { readonly count: number };

/** How a statement is sent. */
export interface SendOptions {
  /** Rows as lists of their columns. */
  readonly asArrays: boolean;
}

/**
 * A statement that is sent when it is awaited, and not before: until then it may stand as a part of
 * another template.
 */
export class Statement<T extends readonly unknown[]> implements Promise<Rows<T>>, Fragment {
  readonly [Symbol.toStringTag] = "Statement";
  readonly parts: TemplateStringsArray;
  readonly parameters: readonly Parameter[];
  readonly #send: (options: SendOptions) => Promise<Rows<T>>;
  #asArrays = false;
  #sent: Promise<Rows<T>> | undefined;

  constructor(fragment: Fragment, send: (options: SendOptions) => Promise<Rows<T>>) {
    this.parts = fragment.parts;
    this.parameters = fragment.parameters;
    this.#send = send;
  }

  /** Answers rows as lists of their columns. */
  values(): Statement<unknown[][]> {
    this.#asArrays = true;
    return this as unknown as Statement<unknown[][]>;
  }

  /** Sends it now. */
  execute(): this {
    // Whoever awaits it hears of a fault; until then nobody has missed it.
    this.#run().catch(() => {});
    return this;
  }

  #run(): Promise<Rows<T>> {
    return this.#sent ??= this.#send({ asArrays: this.#asArrays });
  }

  then<A = Rows<T>, B = never>(
    done?: ((rows: Rows<T>) => any) | null,
    failed?: ((error: any) => any) | null,
  ): Promise<A | B> {
    return this.#run().then(done, failed);
  }

  catch<B = never>(failed?: ((error: any) => B | PromiseLike<B>) | null): Promise<Rows<T> | B> {
    return this.#run().catch(failed);
  }

  finally(done?: (() => void) | null): Promise<Rows<T>> {
    return this.#run().finally(done);
  }
}
