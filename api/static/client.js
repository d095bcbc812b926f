// The service over HTTP: every failure becomes a Fault that says what happened and what can be done.

const KEY = "footnote.key";

/** What went wrong: `kind` is gone, key, large, busy, stopped or refused; `wait` the seconds to wait where busy. */
export class Fault extends Error {
  constructor(kind, message, wait = 0) {
    super(message);
    this.kind = kind;
    this.wait = wait;
  }
}

export const useKey = (key) => sessionStorage.setItem(KEY, key);

function withKey(headers = {}) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
}

const gone = () => new Fault("gone", "The service does not answer. See whether it is still running, then try again.");

function faultOf(status, text, retryAfter) {
  let said = "";
  try {
    said = JSON.parse(text).error.message;
  } catch {
    said = `The service answered with status ${status}.`;
  }
  if (status === 401 || status === 403) return new Fault("key", said);
  if (status === 413) return new Fault("large", `That is too much at once. ${said}`);
  if (status === 429) return new Fault("busy", `The service has its hands full. ${said}`, Number(retryAfter) || 5);
  return new Fault("refused", said);
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

export async function remove(docId) {
  await answered(`v1/documents/${encodeURIComponent(docId)}`, { method: "DELETE" });
}

/** Ask, and call `on[event](data)` for each event as it comes; end with `done`, or throw a Fault. */
export async function ask(body, on, signal) {
  const response = await answered("v1/ask", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  let ended = false;
  try {
    for await (const { name, data } of events(response.body)) {
      if (name === "error") throw new Fault("refused", data.error.message);
      ended ||= name === "done";
      on[name]?.(data);
    }
  } catch (error) {
    if (error instanceof Fault || error.name === "AbortError") throw error;
  }
  if (!ended) throw new Fault("stopped", "The answer broke off: the service stopped or cannot be reached.");
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
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
