// Asks one question through the Vercel AI SDK, whole and streamed, and prints what it read as JSON.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";

const [baseURL, prompt] = process.argv.slice(2);
const openai = createOpenAI({ baseURL, apiKey: "none" });
const compatible = createOpenAICompatible({ name: "footnote", baseURL, includeUsage: true });

async function whole(model) {
  const { text, sources, finishReason, usage } = await generateText({ model, prompt });
  return { text, sources, finishReason, usage };
}

async function streamed(model) {
  const parts = [];
  const result = streamText({ model, prompt, onError: ({ error }) => { throw error; } });
  for await (const part of result.fullStream) parts.push(part.type);
  const [text, sources, finishReason, usage] = await Promise.all([
    result.text, result.sources, result.finishReason, result.usage,
  ]);
  return { text, sources, finishReason, usage, parts };
}

async function refused(model) {
  try {
    await generateText({ model, prompt, maxRetries: 0 });
  } catch (error) {
    return { status: error.statusCode, message: error.message };
  }
}

console.log(JSON.stringify({
  whole: await whole(openai.chat("footnote")),
  streamed: await streamed(openai.chat("footnote")),
  compatible: await streamed(compatible("footnote")),
  refused: await refused(openai.chat("unknown")),
}));
