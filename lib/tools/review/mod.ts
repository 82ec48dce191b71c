/** Changes that wait for a person: looked at, approved, rejected. */
export { type Approval, approveChange, UnseenRows } from "./approve.ts";
export { refreshPreview } from "./refresh.ts";
export { rejectChange } from "./reject.ts";
export {
  listReview,
  readOwnReview,
  readReview,
  type ReviewRow,
  type ReviewView,
  type ReviewWindow,
} from "./review.ts";
export type { Moved } from "./stale.ts";
