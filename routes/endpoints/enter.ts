import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { parseSlug } from "../../lib/ids.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { MemberRequest } from "../../lib/web/mod.ts";

/**
 * Enters the endpoint of the page's `slug`. To a person, one that they may not enter is one that is
 * not there.
 *
 * @throws AppError NOT_FOUND, ENDPOINT_NOT_READY.
 */
export async function enterPage(page: MemberRequest): Promise<EndpointScope> {
  try {
    return await enterEndpoint(page.services, page.scope, parseSlug(page.param("slug")));
  } catch (error) {
    if (error instanceof AppError && error.code === "ACCESS_DENIED") {
      throw new AppError("NOT_FOUND", "You have no endpoint of this name.", { cause: error });
    }
    throw error;
  }
}
