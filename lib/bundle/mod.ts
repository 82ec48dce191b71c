/** The browser's code: bundled when a checkout is prepared, read when it is served. */
export { buildIslands, readBuild } from "./build.ts";
export { type IslandBundle, NoBundler } from "./bundle.ts";
export { type BundlePlaces, bundlePlaces } from "./sources.ts";
