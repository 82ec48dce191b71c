/** Files that are kept until they are loaded. */
export { folderObjects, type Objects } from "./folder.ts";
