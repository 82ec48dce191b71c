/** The tools, resources and prompts that the official suite asks a server under test to offer. */
import { AppError } from "../../lib/errors.ts";
import {
  type CallContext,
  type Change,
  type JsonObject,
  type McpTarget,
  type Reply,
  RpcError,
} from "../../lib/mcp/mod.ts";
import { ASKING_TOOLS, askingPrompt } from "./asking_fixtures.ts";

/** A tool of the suite: its definition beside the name, and its answer. */
export interface FixtureTool {
  readonly inputSchema?: JsonObject;
  run(context: CallContext, args: JsonObject): Reply | Promise<Reply>;
}

/** A reply that holds a value's members. */
export function replyOf(value: JsonObject): Reply {
  return { fields: JSON.stringify(value).slice(1, -1) };
}

/** A tool's answer of one text. */
export function text(content: string): Reply {
  return replyOf({ content: [{ type: "text", text: content }] });
}

// One red pixel, and a WAV header without samples.
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

const image = { type: "image", data: PNG, mimeType: "image/png" };
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
const embedded = (uri: string, content: string) => ({
  type: "resource",
  resource: { uri, mimeType: "text/plain", text: content },
});

/** -32021: the request needs something of the client that it did not declare. */
function missingCapability(required: Readonly<Record<string, unknown>>): RpcError {
  return new RpcError(
    -32021,
    400,
    `The client has not declared what this needs: ${Object.keys(required).join(", ")}.`,
    { requiredCapabilities: required },
  );
}

function tools(tell: (change: Change) => void): Map<string, FixtureTool> {
  return new Map<string, FixtureTool>([
    ["test_simple_text", { run: () => text("This is a simple text response for testing.") }],
    ["test_image_content", { run: () => replyOf({ content: [image] }) }],
    ["test_audio_content", {
      run: () => replyOf({ content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] }),
    }],
    ["test_embedded_resource", {
      run: () => replyOf({ content: [embedded("test://embedded", "An embedded resource.")] }),
    }],
    ["test_multiple_content_types", {
      run: () =>
        replyOf({
          content: [
            { type: "text", text: "Multiple content types test:" },
            image,
            embedded("test://mixed", '{"test":"data"}'),
          ],
        }),
    }],
    ["test_error_handling", {
      run: () =>
        replyOf({
          content: [{ type: "text", text: "This tool intentionally returns an error." }],
          isError: true,
        }),
    }],
    ["test_tool_with_progress", {
      async run(context) {
        context.progress(0, 100, "Started");
        await pause();
        context.progress(50, 100, "Half way");
        await pause();
        context.progress(100, 100, "Done");
        return text("Progress was reported.");
      },
    }],
    ["test_logging_tool", { run: logging }],
    ["test_tool_with_logging", { run: logging }],
    ["test_missing_capability", {
      run(context) {
        if (!context.clientCapabilities.sampling) throw missingCapability({ sampling: {} });
        return text("The client can sample.");
      },
    }],
    ["test_custom_header", {
      inputSchema: {
        type: "object",
        properties: { region: { type: "string", "x-mcp-header": "Region" } },
        required: ["region"],
      },
      run: (_context, args) => text(`Region: ${args.region}`),
    }],
    ["json_schema_2020_12_tool", { inputSchema: SCHEMA_2020_12, run: () => text("Valid.") }],
    ["test_trigger_tool_change", { run: () => changed("tools") }],
    ["test_trigger_prompt_change", { run: () => changed("prompts") }],
    ...ASKING_TOOLS,
  ]);

  function changed(change: Change): Reply {
    tell(change);
    return text(`Told of changed ${change}.`);
  }
}

async function logging(context: CallContext): Promise<Reply> {
  context.log("info", "Tool execution started");
  await pause();
  context.log("info", "Tool processing data");
  await pause();
  context.log("info", "Tool execution completed");
  return text("Messages were logged.");
}

const SCHEMA_2020_12 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

const RESOURCES = [
  { uri: "test://static-text", name: "Static text", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "Static binary", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "Watched resource", mimeType: "text/plain" },
];

const TEMPLATES = [{
  uriTemplate: "test://template/{id}/data",
  name: "Template",
  mimeType: "application/json",
}];

function readResource(uri: string): Reply {
  const [, id] = /^test:\/\/template\/([^/]+)\/data$/.exec(uri) ?? [];
  const contents = (value: JsonObject) => replyOf({ contents: [{ uri, ...value }] });
  if (id !== undefined) {
    return contents({ mimeType: "application/json", text: JSON.stringify({ id, data: "data" }) });
  }
  switch (uri) {
    case "test://static-text":
    case "test://watched-resource":
      return contents({ mimeType: "text/plain", text: "The content of a static resource." });
    case "test://static-binary":
      return contents({ mimeType: "image/png", blob: PNG });
    default:
      throw new AppError("NOT_FOUND", "There is no such resource.");
  }
}

type Arguments = Readonly<Record<string, string>>;

const message = (content: JsonObject) => ({ role: "user", content });
const PROMPTS = new Map<string, {
  readonly arguments?: readonly string[];
  get(args: Arguments, context: CallContext): Reply;
}>([
  ["test_simple_prompt", {
    get: () => replyOf({ messages: [message({ type: "text", text: "A simple prompt." })] }),
  }],
  ["test_prompt_with_arguments", {
    arguments: ["arg1", "arg2"],
    get: ({ arg1, arg2 }) =>
      replyOf({
        messages: [message({ type: "text", text: `Prompt with '${arg1}' and '${arg2}'` })],
      }),
  }],
  ["test_prompt_with_embedded_resource", {
    arguments: ["resourceUri"],
    get: ({ resourceUri = "test://embedded" }) =>
      replyOf({ messages: [message(embedded(resourceUri, "An embedded resource."))] }),
  }],
  ["test_prompt_with_image", { get: () => replyOf({ messages: [message(image)] }) }],
  ["test_input_required_result_prompt", { get: (_args, context) => askingPrompt(context) }],
]);

/** Makes the target that the suite runs against. */
export function conformanceTarget(): McpTarget {
  const watchers = new Set<(change: Change) => void>();
  const offered = tools((change) => watchers.forEach((tell) => tell(change)));
  return {
    owner: "conformance",
    caller: "conformance",
    serverInfo: '{"name":"bulkhead-conformance","version":"1.0.0"}',
    instructions: () => "A server for the official conformance suite.",
    logging: true,
    listTools: () =>
      JSON.stringify([...offered].map(([name, tool]) => ({
        name,
        description: `Fixture ${name} of the conformance suite.`,
        inputSchema: tool.inputSchema ?? { type: "object" },
      }))),
    // deno-lint-ignore require-await -- what it throws must reject
    async callTool(name, args, context) {
      const tool = offered.get(name);
      if (!tool) throw new AppError("UNKNOWN_TOOL");
      return tool.run(context, args);
    },
    paramHeaders: (name) =>
      name === "test_custom_header" ? [{ name: "Region", path: ["region"] }] : [],
    resources: {
      list: () => JSON.stringify(RESOURCES),
      templates: () => JSON.stringify(TEMPLATES),
      read: readResource,
    },
    prompts: {
      list: () =>
        JSON.stringify([...PROMPTS].map(([name, prompt]) => ({
          name,
          description: `Fixture ${name} of the conformance suite.`,
          arguments: prompt.arguments?.map((argument) => ({ name: argument, required: true })),
        }))),
      get(name, args, context) {
        const prompt = PROMPTS.get(name);
        if (!prompt) throw new AppError("INVALID_ARGUMENTS", "There is no such prompt.");
        return prompt.get(args, context);
      },
      complete: () => replyOf({ completion: { values: ["paris", "park"], hasMore: false } }),
    },
    async watch(tell, signal) {
      const gone = Promise.withResolvers<void>();
      watchers.add(tell);
      signal.addEventListener("abort", () => gone.resolve());
      await gone.promise;
      watchers.delete(tell);
    },
  };
}
