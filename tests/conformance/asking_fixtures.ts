/** The suite's tools that ask the client for input and are called again with it (2026-07-28, MRTR). */
import { createHmac } from "node:crypto";
import { AppError } from "../../lib/errors.ts";
import type { CallContext, JsonObject, Reply } from "../../lib/mcp/mod.ts";
import type { FixtureTool } from "./fixtures.ts";

const asText = (content: string): Reply => ({
  fields: `"content":${JSON.stringify([{ type: "text", text: content }])}`,
});

function asks(inputRequests: JsonObject, requestState?: string): Reply {
  const fields = JSON.stringify({ inputRequests, requestState }).slice(1, -1);
  return { fields, inputRequired: true };
}

const elicit = (message: string, property: string, type: string) => ({
  method: "elicitation/create",
  params: {
    message,
    requestedSchema: {
      type: "object",
      properties: { [property]: { type } },
      required: [property],
    },
  },
});
const sample = (question: string) => ({
  method: "sampling/createMessage",
  params: {
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens: 100,
  },
});
const ROOTS = { method: "roots/list", params: {} };

/** The state goes through the client's hands, so it is signed. */
const sign = (state: string) => {
  const mac = createHmac("sha256", "conformance").update(state).digest("base64url");
  return `${state}.${mac}`;
};
function stateOf(context: CallContext): string | undefined {
  if (context.requestState === undefined) return undefined;
  const state = context.requestState.slice(0, context.requestState.indexOf("."));
  if (sign(state) !== context.requestState) {
    throw new AppError("INVALID_ARGUMENTS", "The requestState was not made here.");
  }
  return state;
}

/** A tool that asks once and is content with any answer under each key. */
function asking(requests: JsonObject, answer: string, state?: string): FixtureTool {
  return {
    run(context) {
      const answered = Object.keys(requests).every((key) => key in context.inputResponses);
      if (answered && stateOf(context) === state) return asText(answer);
      return asks(requests, state === undefined ? undefined : sign(state));
    },
  };
}

const name = elicit("What is your name?", "name", "string");
const confirm = elicit("Please confirm", "ok", "boolean");

/** The tools by name. */
export const ASKING_TOOLS: readonly (readonly [string, FixtureTool])[] = [
  ["test_input_required_result_elicitation", asking({ user_name: name }, "Hello!")],
  ["test_streaming_elicitation", asking({ user_name: name }, "Hello!")],
  [
    "test_input_required_result_sampling",
    asking({ capital_question: sample("What is the capital of France?") }, "Answered."),
  ],
  ["test_input_required_result_list_roots", asking({ client_roots: ROOTS }, "Listed.")],
  ["test_input_required_result_request_state", asking({ confirm }, "state-ok", "asked")],
  ["test_input_required_result_tampered_state", asking({ confirm }, "Confirmed.", "asked")],
  [
    "test_input_required_result_multiple_inputs",
    asking(
      { user_name: name, greeting: sample("Generate a greeting"), client_roots: ROOTS },
      "Done.",
      "asked",
    ),
  ],
  ["test_input_required_result_multi_round", {
    run(context) {
      const state = stateOf(context);
      if (state === "step2" && "step2" in context.inputResponses) return asText("Done.");
      if (state === "step1" && "step1" in context.inputResponses) {
        const color = elicit("Step 2: What is your favorite color?", "color", "string");
        return asks({ step2: color }, sign("step2"));
      }
      return asks({ step1: elicit("Step 1: What is your name?", "name", "string") }, sign("step1"));
    },
  }],
  ["test_input_required_result_capabilities", {
    run({ clientCapabilities }) {
      return asks({
        ...(clientCapabilities.sampling ? { question: sample("What is it?") } : {}),
        ...(clientCapabilities.elicitation ? { user_name: name } : {}),
      });
    },
  }],
];

/** The prompt that asks for context before it is complete. */
export function askingPrompt(context: CallContext): Reply {
  if (!("user_context" in context.inputResponses)) {
    return asks({
      user_context: elicit("What context should the prompt use?", "context", "string"),
    });
  }
  const messages = [{ role: "user", content: { type: "text", text: "A prompt with context." } }];
  return { fields: `"messages":${JSON.stringify(messages)}` };
}
