// The page of a source that needs a key: asks for it, then shows the article in its own place.

import { Fault, hasKey, readPage, useKey } from "./client.js";

const said = document.getElementById("said");

async function show() {
  try {
    const page = await readPage(location.href);
    document.title = page.title;
    document.body.replaceChildren(...document.importNode(page.body, true).childNodes);
    await import("./source.js");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    said.textContent = error.message;
  }
}

document.getElementById("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  if (useKey(document.getElementById("key").value.trim())) show();
  else said.textContent = "That is no key: a key has no spaces and no letters with accents.";
});
if (hasKey()) show();
