import type { Field } from "./field.ts";

const MAX_SHAPES = 200;

const SHAPES = new WeakMap<readonly Field[], Map<string, unknown>>();

/** Lets what is made for these fields be kept: they are a table's, and no call's own. */
export function keepShapes(fields: readonly Field[]): readonly Field[] {
  SHAPES.set(fields, new Map());
  return fields;
}

/**
 * What is made for fields in a shape of arguments, whatever their values: agents ask alike again and
 * again. Made anew where the fields are one call's own.
 *
 * @param shape Says, with the fields, all that `make` depends on.
 */
export function ofShape<T>(fields: readonly Field[], shape: string, make: () => T): T {
  const shapes = SHAPES.get(fields);
  const known = shapes?.get(shape);
  if (known !== undefined) return known as T;
  const made = make();
  // Whoever never asks alike costs no more memory than that.
  if (shapes && shapes.size >= MAX_SHAPES) shapes.clear();
  shapes?.set(shape, made);
  return made;
}
