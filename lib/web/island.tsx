import type { FunctionComponent } from "preact";
import { useRendering } from "./rendering.ts";

/** Values that survive JSON: what an island's props may hold. */
export type Plain = string | number | boolean | null | readonly Plain[] | {
  readonly [key: string]: Plain | undefined;
};

/**
 * Renders an island on the server and marks the place at which the browser brings it to life. Its
 * first rendering must do without effects, so that the page reads the same before and without that.
 */
export function Island<Props extends { readonly [key in keyof Props]: Plain | undefined }>(
  { of: Component, props }: { of: FunctionComponent<Props>; props: Props },
) {
  const { assets, islands } = useRendering();
  islands.add(Component.name);
  return (
    <div data-island={assets.island(Component.name)} data-props={JSON.stringify(props)}>
      <Component {...props} />
    </div>
  );
}
