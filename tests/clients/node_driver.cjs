// Drives the clients for Node: a line of JSON in says what to ask, a line out says what came of it.
// The fields are those of python_driver.py. The proxy and its CA come from what `excise env` exports.
"use strict";

const readline = require("node:readline");

const [major, minor] = process.versions.node.split(".").map(Number);
// Older ones do not know NODE_USE_ENV_PROXY; the agent reads the same variables.
if (!(major >= 24 || (major === 22 && minor >= 21))) {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = require("undici");
  setGlobalDispatcher(new EnvHttpProxyAgent());
}

const schema = { type: "object", properties: { note: { type: "string" } } };
const described = { name: "save_note", description: "Keeps a note." };
const user = (prompt) => [{ role: "user", content: prompt }];
const note = (text) => String(JSON.parse(text).note ?? "");

function gathered(deltas, end, called) {
  const text = deltas.join("");
  return { text: called ? note(text) : text, pieces: deltas.filter(Boolean).length, end: String(end) };
}

async function openaiChat(mode, prompt) {
  const OpenAI = require("openai");
  const client = new OpenAI({ apiKey: "none" });
  const ask = { model: "m", messages: user(prompt) };
  if (mode.startsWith("tool")) ask.tools = [{ type: "function", function: { ...described, parameters: schema } }];
  if (!mode.includes("stream")) {
    const [choice] = (await client.chat.completions.create(ask)).choices;
    const call = choice.message.tool_calls?.[0];
    return { text: call ? note(call.function.arguments) : choice.message.content, end: choice.finish_reason };
  }
  const deltas = [];
  let end = null;
  let called = false;
  for await (const part of await client.chat.completions.create({ ...ask, stream: true })) {
    for (const choice of part.choices) {
      end = choice.finish_reason ?? end;
      for (const call of choice.delta.tool_calls ?? []) {
        called = true;
        deltas.push(call.function.arguments ?? "");
      }
      deltas.push(choice.delta.content ?? "");
    }
  }
  return gathered(deltas, end, called);
}

async function openaiResponses(mode, prompt) {
  const OpenAI = require("openai");
  const client = new OpenAI({ apiKey: "none" });
  const ask = { model: "m", input: prompt };
  if (mode.startsWith("tool")) ask.tools = [{ type: "function", strict: false, ...described, parameters: schema }];
  const show = (got) => {
    const item = got.output.at(-1);
    return item.type === "function_call" ? note(item.arguments) : got.output_text;
  };
  if (!mode.includes("stream")) {
    const got = await client.responses.create(ask);
    return { text: show(got), end: got.status };
  }
  const stream = client.responses.stream(ask);
  let pieces = 0;
  for await (const event of stream) pieces += event.type.endsWith(".delta") ? 1 : 0;
  const got = await stream.finalResponse();
  return { text: show(got), pieces, end: got.status };
}

async function anthropic(mode, prompt) {
  const Anthropic = require("@anthropic-ai/sdk");
  const client = new Anthropic({ apiKey: "none" });
  const ask = { model: "m", max_tokens: 99, messages: user(prompt) };
  if (mode.startsWith("tool")) ask.tools = [{ ...described, input_schema: schema }];
  let pieces = 0;
  let got;
  if (mode.includes("stream")) {
    const stream = client.messages.stream(ask);
    for await (const event of stream) pieces += event.type === "content_block_delta" ? 1 : 0;
    got = await stream.finalMessage();
  } else {
    got = await client.messages.create(ask);
  }
  const text = got.content.map((block) => (block.type === "text" ? block.text : block.input.note ?? "")).join("");
  return { text, pieces, end: got.stop_reason };
}

async function googleGenai(mode, prompt) {
  const { GoogleGenAI } = require("@google/genai");
  const client = new GoogleGenAI({ apiKey: "none" });
  const ask = { model: "m", contents: prompt };
  if (mode.startsWith("tool")) {
    ask.config = { tools: [{ functionDeclarations: [{ ...described, parametersJsonSchema: schema }] }] };
  }
  const answers = [];
  if (mode.includes("stream")) {
    for await (const part of await client.models.generateContentStream(ask)) answers.push(part);
  } else {
    answers.push(await client.models.generateContent(ask));
  }
  const parts = answers.flatMap((each) => each.candidates?.[0]?.content?.parts ?? []);
  const texts = parts.map((part) => (part.functionCall ? part.functionCall.args.note : part.text ?? ""));
  return { text: texts.join(""), pieces: texts.length, end: String(answers.at(-1).candidates?.[0]?.finishReason) };
}

const apis = {
  "node-openai-chat": openaiChat,
  "node-openai-responses": openaiResponses,
  "node-anthropic": anthropic,
  "node-google-genai": googleGenai,
};

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let told;
    try {
      told = await apis[asked.api](asked.mode, asked.prompt);
    } catch (fault) {
      told = { raised: fault.constructor.name, said: String(fault.message), status: fault.status ?? null };
    }
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
}

main();
