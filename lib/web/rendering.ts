import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { may, type Permission, type Role } from "../auth/mod.ts";
import type { Assets } from "./assets.ts";

/** What components need of the page that they are rendered into. */
export interface Rendering {
  readonly assets: Assets;
  /** The role of who looks; null for a visitor. */
  readonly role: Role | null;
  /** Goes into every form of the page. */
  readonly csrfToken: string;
  /** Names of the islands met so far: a page without any loads no script. */
  readonly islands: Set<string>;
}

/** Carries the rendering to components; `renderPage` provides it. */
export const RenderingContext = createContext<Rendering | null>(null);

/** The rendering that a component is part of. */
export function useRendering(): Rendering {
  const rendering = useContext(RenderingContext);
  if (!rendering) throw new Error("This component is rendered by renderPage alone.");
  return rendering;
}

/** Whether who looks at the page may do something: what they may not is not offered to them. */
export function useMay(permission: Permission): boolean {
  const { role } = useRendering();
  return role !== null && may(role, permission);
}
