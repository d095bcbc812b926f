// The service over HTTP: every failure becomes a Fault that says what happened and what can be done.

import { load, save } from "./kept.js";

const KEY = "footnote.key";
const NO_KEY = "This service answers only those who have a key.";
const UNKNOWN_KEY = "The service does not know this key. See that all of it is there, or ask whoever runs the service for one.";

/** What went wrong: `kind` is gone, stopped, failed, busy, key, large, missing or refused; `wait` the seconds to wait. */
export class Fault extends Error {
  constructor(kind, message, wait = 0) {
    super(message);
    this.kind = kind;
    this.wait = wait;
  }
}

let key = load(KEY, "sessionStorage");

/** Send a key from now on, kept until the tab is closed; return whether it can be one. */
export function useKey(given) {
  if (!/^[\x21-\x7e]+$/.test(given)) return false;
  key = given;
  save(KEY, key, "sessionStorage");
  return true;
}

export const hasKey = () => key !== null;

function withKey(headers = {}) {
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
}

const gone = () => new Fault("gone", "The service does not answer. See whether it is still running, then try again.");

// What an error is to a person, by its code, before the sentence that it brings along.
const LEADS = {
  too_many_requests: "You have reached this service's limit.",
  too_many_questions: "The service has its hands full.",
  overloaded: "The service has its hands full.",
};

const inWords = ({ code, message }) => [LEADS[code], message].filter(Boolean).join(" ");

function faultOf(status, text, retryAfter) {
  let said = `The service answered with status ${status}.`;
  try {
    said = inWords(JSON.parse(text).error) || said;
  } catch {
    // Something between here and the service has answered in its own words.
  }
  // The service's own sentence on a key is for programs.
  if (status === 401) return new Fault("key", key ? UNKNOWN_KEY : NO_KEY);
  if (status === 403) return new Fault("key", said);
  if (status === 404) return new Fault("missing", said);
  if (status === 413) return new Fault("large", `That is too much at once. ${said}`);
  if (status === 429) return new Fault("busy", said, Number(retryAfter) || 5);
  return new Fault(status < 500 ? "refused" : "failed", said, Number(retryAfter) || 0);
}

async function answered(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: withKey(options.headers) });
  } catch (error) {
    throw error.name === "AbortError" ? error : gone();
  }
  if (!response.ok) throw faultOf(response.status, await response.text(), response.headers.get("Retry-After"));
  return response;
}

/** Return the JSON of a GET. */
export async function read(path) {
  return (await answered(path)).json();
}

/** Return the page of a source, parsed and inert. */
export async function readPage(path) {
  return new DOMParser().parseFromString(await (await answered(path)).text(), "text/html");
}

/** Delete a document; one that is gone already is no fault. */
export async function remove(docId) {
  try {
    await answered(`v1/documents/${encodeURIComponent(docId)}`, { method: "DELETE" });
  } catch (error) {
    if (error.kind !== "missing") throw error;
  }
}

/** Ask, and call `on[event](data)` for each event as it comes; end with `done`, or throw a Fault. */
export async function ask(body, on, signal) {
  const response = await answered("v1/ask", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  for await (const { name, data } of events(response.body)) {
    if (name === "error") throw new Fault("failed", inWords(data.error));
    on[name]?.(data);
    if (name === "done") return;
  }
  throw new Fault("stopped", "The answer broke off: the service stopped or cannot be reached.");
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      return { done: true };
    });
    if (done) return;
    held += value;
    for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
      const lines = held.slice(0, end).split("\n");
      held = held.slice(end + 2);
      const field = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      yield { name: field("event")[0], data: JSON.parse(field("data").join("\n")) };
    }
  }
}

/** Store one file; `onShare` hears how much of it has been sent, 0 to 1. XMLHttpRequest, because fetch does not say. */
export function upload(file, onShare) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("files", file, file.name);
    request.upload.addEventListener("progress", (event) => onShare(event.loaded / (event.total || 1)));
    request.addEventListener("error", () => reject(gone()));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText).documents[0]);
      else reject(faultOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    });
    request.open("POST", "v1/documents");
    for (const [name, value] of Object.entries(withKey())) request.setRequestHeader(name, value);
    request.send(form);
  });
}
