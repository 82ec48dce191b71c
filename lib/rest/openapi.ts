import { z } from "zod";
import { type ErrorCode, ERRORS } from "../errors.ts";
import type { RestRoute } from "./route.ts";

type Json = Record<string, unknown>;

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly tags: readonly Json[];
  readonly paths: Readonly<Record<string, Json>>;
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json };
}

/** What a route may answer whatever it is about. */
const ALWAYS: readonly ErrorCode[] = [
  "INVALID_REQUEST",
  "INVALID_ARGUMENTS",
  "AUTHENTICATION_REQUIRED",
  "INSUFFICIENT_SCOPE",
  "ORIGIN_NOT_ALLOWED",
  "RATE_LIMITED",
  "UNAVAILABLE",
  "INTERNAL",
];

const WITH_BODY: readonly ErrorCode[] = [
  "MALFORMED_JSON",
  "PAYLOAD_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "UNSUPPORTED_MEDIA_TYPE",
];

const WITH_ENDPOINT: readonly ErrorCode[] = ["ACCESS_DENIED", "ENDPOINT_NOT_READY"];

const problem = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe(
    "Stable: what a program tells errors apart by.",
  ),
  detail: z.string().describe("What is wrong here, or what to do next."),
  request_id: z.uuid().describe("Tell it when you report a fault."),
}).meta({ id: "Problem", description: "An RFC 9457 problem document." });

/** Turns schemas into JSON Schema, gathering the named ones. */
function schemaWriter() {
  const named: Json = {};
  const write = (schema: z.ZodType, io: "input" | "output"): Json => {
    const { $schema: _, $defs, ...json } = z.toJSONSchema(schema, {
      io,
      override: ({ jsonSchema }) => {
        // The format says it in words; the pattern is the validator's own business.
        if (jsonSchema.format === "date-time" || jsonSchema.format === "uuid") {
          delete jsonSchema.pattern;
        }
        // Answers may gain fields later: a client must not refuse them.
        if (io === "output") {
          delete jsonSchema.additionalProperties;
        }
      },
    }) as Json;
    Object.assign(named, $defs);
    return json;
  };
  return { named, write };
}

/** References as an OpenAPI document resolves them. */
const relocate = (document: Json) =>
  JSON.parse(JSON.stringify(document).replaceAll('"#/$defs/', '"#/components/schemas/'));

function problems(codes: readonly ErrorCode[], write: (schema: z.ZodType) => Json): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, these]) => [status, {
      description: these.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join("\n\n"),
      content: { "application/problem+json": { schema: write(problem) } },
    }]),
  );
}

type Write = ReturnType<typeof schemaWriter>["write"];

function parametersOf(route: RestRoute, write: Write): Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: name === "slug"
      ? { type: "string", pattern: "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$" }
      : { type: "string" },
  }));
  const inQuery = Object.entries(route.query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...json } = write(schema as z.ZodType, "input");
    return {
      name,
      in: "query",
      required: !(schema as z.ZodType).safeParse(undefined).success,
      ...(description ? { description } : {}),
      schema: json,
    };
  });
  return [...inPath, ...inQuery];
}

function bodyOf(route: RestRoute, write: Write): Json | null {
  if (route.streamed) {
    const fields = write(route.streamed.fields, "input");
    const file = { description: "The file; it comes last.", type: "string", format: "binary" };
    return {
      required: true,
      description: route.streamed.description,
      content: {
        "application/octet-stream": {},
        "multipart/form-data": {
          schema: {
            ...fields,
            properties: { ...fields["properties"] as Json, file },
            required: [...(fields["required"] as string[] | undefined ?? []), "file"],
          },
        },
      },
    };
  }
  return route.body
    ? { required: true, content: { "application/json": { schema: write(route.body, "input") } } }
    : null;
}

const DESCRIPTIONS: Readonly<Record<RestRoute["status"], string>> = {
  200: "What was asked for.",
  201: "It was made.",
  202: "It was accepted and is being worked on.",
  204: "It is done.",
};

function operationOf(route: RestRoute, write: Write): Json {
  const body = bodyOf(route, write);
  const made = route.status === 201 || route.status === 202;
  const location = { description: "Where it is.", schema: { type: "string", format: "uri" } };
  const codes = [
    ...ALWAYS,
    ...(body ? WITH_BODY : []),
    ...(route.reach === "endpoint" ? WITH_ENDPOINT : []),
    ...route.errors,
  ];
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    description: [
      route.description,
      `Needs the ability ${route.abilities.map((ability) => `\`${ability}\``).join(" or ")}.`,
    ].filter(Boolean).join("\n\n"),
    // OpenAPI 3.1, Security Requirement Object: the names are roles that the credential must have;
    // one of several objects is enough.
    security: route.abilities.map((ability) => ({ bearer: [ability] })),
    parameters: parametersOf(route, write),
    ...(body ? { requestBody: body } : {}),
    responses: {
      [route.status]: {
        description: DESCRIPTIONS[route.status],
        ...(made ? { headers: { Location: location } } : {}),
        ...(route.media
          ? { content: Object.fromEntries(route.media.map((type) => [type, {}])) }
          : route.response
          ? { content: { "application/json": { schema: write(route.response, "output") } } }
          : {}),
      },
      ...problems(codes, (schema) => write(schema, "output")),
    },
  };
}

const BEARER =
  "A token minted in the dashboard or by `POST /v1/tokens`. It may do what its abilities say, none " +
  "of which is there unless it was chosen, and only on the endpoints that it covers.";

/** Describes the routes: from the schemas that validate, so that the two cannot differ. */
export function openApiDocument(routes: readonly RestRoute[], baseUrl: URL): OpenApiDocument {
  const { named, write } = schemaWriter();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route, write);
  }
  return relocate({
    openapi: "3.1.0",
    info: {
      title: "Bulkhead",
      version: "1",
      description: "Endpoints, the files loaded into them, and the tokens that open them.",
    },
    servers: [{ url: baseUrl.origin }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: named,
      securitySchemes: { bearer: { type: "http", scheme: "bearer", description: BEARER } },
    },
  });
}
