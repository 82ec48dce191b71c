import type { RestRoute } from "../../lib/rest/mod.ts";
import { ACTIVITY_ROUTES } from "./activity.ts";
import { CHANGE_ROUTES } from "./changes.ts";
import { ENDPOINT_ROUTES } from "./endpoints.ts";
import { INGEST_ROUTES } from "./ingests.ts";
import { RULES_ROUTES } from "./rules.ts";
import { SCHEMA_ROUTES } from "./schema.ts";
import { TOKEN_ROUTES } from "./tokens.ts";
import { REVIEW_ROUTES } from "./review.ts";
import { REVIEWED_ROUTES } from "./reviewed.ts";
import { UNDO_ROUTES } from "./undo.ts";

/** Every route of `/v1`, in the order in which the document lists them. */
export const REST_ROUTES: readonly RestRoute[] = [
  ...ENDPOINT_ROUTES,
  ...INGEST_ROUTES,
  ...SCHEMA_ROUTES,
  ...RULES_ROUTES,
  ...CHANGE_ROUTES,
  ...REVIEW_ROUTES,
  ...REVIEWED_ROUTES,
  ...UNDO_ROUTES,
  ...TOKEN_ROUTES,
  ...ACTIVITY_ROUTES,
];
