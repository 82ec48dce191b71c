import type { z } from "zod";
import { type Permission, PERMISSIONS } from "../auth/mod.ts";
import type { ErrorCode } from "../errors.ts";
import type { Ability, EndpointScope, RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";

/** The HTTP methods of `/v1`. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a handler is given: everything in it has been checked. */
export interface RestInput<Scope extends RequestScope, Query, Body> {
  readonly services: Services;
  readonly scope: Scope;
  /** The path's own parts besides `{slug}`, which `scope` stands for. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** For streamed bodies, and the address. */
  readonly request: Request;
}

/** What a handler answers; the status stands in the route. */
export interface RestAnswer<Response> {
  readonly body: Response;
  /** Media type of a body that is a stream of bytes instead of JSON. */
  readonly media?: string;
  /** Path of what was made, for `Location`. */
  readonly location?: string;
}

/** Media types that a route takes as a stream instead of a JSON body. */
export interface StreamedBody {
  readonly description: string;
  /** Schema of the form's fields besides the file, for `multipart/form-data`. */
  readonly fields: z.ZodObject;
}

interface Described {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/endpoints/{slug}`. */
  readonly path: `/v1/${string}`;
  /** `operationId`: a verb and what it acts on. */
  readonly operation: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** What it needs: the one table says which abilities of a token that is. */
  readonly permission: Permission;
  readonly status: 200 | 201 | 202 | 204;
  /** What can go wrong besides what can on every route. */
  readonly errors: readonly ErrorCode[];
  readonly streamed?: StreamedBody;
  /** Media types of an answer that is no JSON document. */
  readonly media?: readonly string[];
}

/** One route with its schemas; `reach` says what a handler's scope has been let into. */
export type RestRoute =
  & Described
  & {
    /** Objects that are strict: what they do not name is refused. */
    readonly query: z.ZodObject | null;
    readonly body: z.ZodType | null;
    /** Null for 204. */
    readonly response: z.ZodType | null;
    /** Any one of these is enough; of the permission. */
    readonly abilities: readonly Ability[];
  }
  & (
    | { readonly reach: "tenant"; readonly handle: Handler<RequestScope> }
    | { readonly reach: "endpoint"; readonly handle: Handler<EndpointScope> }
  );

type Handler<Scope extends RequestScope> = (
  input: RestInput<Scope, never, never>,
) => Promise<RestAnswer<unknown>>;

interface Typed<
  Scope extends RequestScope,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Response extends z.ZodType,
> extends Described {
  readonly query?: Query;
  readonly body?: Body;
  readonly response?: Response;
  readonly handle: (
    input: RestInput<Scope, z.output<Query>, z.output<Body>>,
  ) => Promise<RestAnswer<z.input<Response>>>;
}

interface Given {
  readonly permission: Permission;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response?: z.ZodType;
}

const completed = (route: Given) => ({
  abilities: PERMISSIONS[route.permission].abilities,
  query: route.query ?? null,
  body: route.body ?? null,
  response: route.response ?? null,
});

/** Declares a route about the tenant as a whole. */
export function tenantRoute<
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
  Response extends z.ZodType = z.ZodUndefined,
>(route: Typed<RequestScope, Query, Body, Response>): RestRoute {
  return { ...route, ...completed(route), reach: "tenant", handle: route.handle };
}

/** Declares a route inside of one endpoint: `{slug}` has been entered before its handler runs. */
export function endpointRoute<
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
  Response extends z.ZodType = z.ZodUndefined,
>(route: Typed<EndpointScope, Query, Body, Response>): RestRoute {
  return { ...route, ...completed(route), reach: "endpoint", handle: route.handle };
}
