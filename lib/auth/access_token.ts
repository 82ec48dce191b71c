import { errors, jwtVerify, SignJWT } from "jose";
import { isId, type SessionId } from "../ids.ts";
import type { Services } from "../services.ts";
import { keysOf } from "./keys.ts";

/** Seconds that an access token lives; the refresh token gets the next. */
export const ACCESS_SECONDS = 600;

const ISSUER = "bulkhead";
const AUDIENCE = "dashboard";
// As long as one of ours may be: anything longer is not worth the work.
const MOST_CHARACTERS = 512;

/** Makes the JWT (RFC 7519) that a browser shows at each request: which session it is, and till when. */
export async function signAccess(services: Services, id: SessionId): Promise<string> {
  const { access } = await keysOf(services);
  const now = Math.floor(services.clock.now() / 1000);
  return await new SignJWT({ sid: id })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + ACCESS_SECONDS)
    .sign(access);
}

/** The session of an access token; null for anything that is not one of ours, or has expired. */
export async function verifyAccess(services: Services, token: string): Promise<SessionId | null> {
  if (token.length > MOST_CHARACTERS) return null;
  try {
    const { payload } = await jwtVerify(token, (await keysOf(services)).access, {
      // RFC 8725, section 3.1: the algorithm is ours to choose, not the token's.
      algorithms: ["HS256"],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ["exp", "iat", "sid"],
      currentDate: new Date(services.clock.now()),
    });
    const sid = payload["sid"];
    return typeof sid === "string" && isId(sid) ? sid as SessionId : null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
    throw error;
  }
}
