/** Changes that wait for a person: looked at, approved, rejected. */
export { approveChange } from "./approve.ts";
export { refreshPreview } from "./refresh.ts";
export { rejectChange } from "./reject.ts";
export {
  listReview,
  readOwnReview,
  readReview,
  type ReviewRow,
  type ReviewView,
} from "./review.ts";
export type { Moved } from "./stale.ts";
