// The stored articles: their list, adding and deleting them.

import { Fault, read, remove, upload } from "./client.js";
import { announce, at, element, factsOf, titleOf } from "./dom.js";
import { faultNotice } from "./faults.js";
import { askOnly, offerSources } from "./filters.js";
import { openArticle } from "./reader.js";

const PAGE = 1000;
let listed = [];
let cursor = null;
let count = 0;
let shownList = "";

/** Read the articles anew, and say how many there are. */
export async function refresh() {
  const [ready, page] = [await read("readyz"), await read(`v1/documents?limit=${PAGE}`)];
  count = ready.documents;
  listed = page.documents;
  cursor = page.next_cursor;
  show();
  return count;
}

async function more() {
  await guarded(async () => {
    const page = await read(`v1/documents?limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
    listed.push(...page.documents);
    cursor = page.next_cursor;
    show();
  }, more);
}

function show() {
  const sought = at("find-article").value.trim().toLowerCase();
  const shown = listed.filter((one) => [one.title, one.source, one.doc_id].some((value) => value?.toLowerCase().includes(sought)));
  at("article-count").textContent = `(${count})`;
  // A list that has not changed is left alone, with the focus and the button that are in use in it.
  const list = JSON.stringify([count, shown]);
  if (list !== shownList) {
    shownList = list;
    const none = element("li", {}, element("span", { class: "soft" }, count ? "No article is called so." : "There are no articles yet."));
    at("article-list").replaceChildren(...(shown.length ? shown.map(lineOf) : [none]));
  }
  at("more-articles").hidden = cursor === null;
  at("add-first").hidden = count > 0;
  at("welcome-text").textContent = count
    ? `${count === 1 ? "One article is" : `${count} articles are`} here to be asked. Every sentence of an answer is quoted from one and leads to it; where they do not say, you are told so.`
    : "There are no articles yet. Add some, as text, Markdown, HTML or PDF, then ask.";
  offerSources(listed.map((one) => one.source).filter(Boolean), cursor === null);
}

function lineOf(one) {
  const title = element("button", { type: "button", class: "open-title", dir: "auto", onclick: () => {
    at("articles").close();
    openArticle({ ...one, location: `/source/${encodeURIComponent(one.doc_id)}` }, at("show-articles"));
  } }, titleOf(one));
  const facts = [factsOf(one), one.passages === 1 ? "1 passage" : `${one.passages} passages`].filter(Boolean).join(" · ");
  return element(
    "li",
    {},
    element("div", {}, title, element("p", { class: "facts" }, facts)),
    element("div", { class: "actions" },
      element("button", { type: "button", "aria-label": `Ask only ${titleOf(one)}`, onclick: () => {
        askOnly(one);
        at("articles").close();
        at("question").focus();
      } }, "Ask only this"),
      deletion(one)),
  );
}

function deletion(one) {
  const button = element("button", { type: "button", class: "dangerous", "aria-label": `Delete ${titleOf(one)}` }, "Delete");
  let asked = false;
  button.addEventListener("click", async () => {
    if (!asked) {
      asked = true;
      button.textContent = "Really delete?";
      button.setAttribute("aria-label", `Really delete ${titleOf(one)}?`);
      return;
    }
    button.disabled = true;
    await guarded(async () => {
      await remove(one.doc_id);
      await refresh();
      announce(`${titleOf(one)} is deleted.`);
      at("find-article").focus();
    }, () => button.click());
    button.disabled = false;
  });
  button.addEventListener("blur", () => {
    asked = false;
    button.textContent = "Delete";
    button.setAttribute("aria-label", `Delete ${titleOf(one)}`);
  });
  return button;
}

/** Add files one after another, each with its progress and, where it fails, why. */
export async function add(files) {
  if (!at("articles").open) at("articles").showModal();
  const lines = [...files].map((file) => {
    const bar = element("progress", { max: "1", value: "0", "aria-label": `Sending ${file.name}` });
    const said = element("span", { class: "soft" }, "waiting");
    const line = element("li", {}, element("span", {}, element("strong", {}, file.name), " ", said), bar);
    at("uploads").append(line);
    return { file, line, bar, said };
  });
  let added = 0;
  for (const one of lines) added += (await addOne(one)) ? 1 : 0;
  announce(`${added} of ${lines.length} files were added.`);
  await guarded(refresh, refresh);
}

async function addOne({ file, line, bar, said }) {
  said.textContent = "sending";
  try {
    const stored = await upload(file, (share) => {
      bar.value = share;
      if (share === 1) {
        said.textContent = "reading and indexing";
        bar.removeAttribute("value");
      }
    });
    const outcome = { added: "added", changed: "replaced", unchanged: "unchanged" }[stored.outcome];
    said.textContent = `${outcome}, ${stored.passages === 1 ? "1 passage" : `${stored.passages} passages`}`;
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    line.classList.add("failed");
    said.textContent = `not added: ${error.message}`;
    line.append(error.kind === "large" ? "" : faultWay(error, { file, line, bar, said }));
    return false;
  } finally {
    bar.remove();
  }
}

function faultWay(fault, one) {
  if (fault.kind === "refused") return "";
  const again = async () => {
    one.line.remove();
    await add([one.file]);
  };
  return faultNotice(fault, again).querySelector("p.row") ?? "";
}

async function guarded(work, again) {
  at("articles-fault").replaceChildren();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    at("articles-fault").replaceChildren(faultNotice(error, again));
  }
}

/** Wire the dialog, and files dropped anywhere on the page. */
export function setUp() {
  const open = () => {
    at("articles").showModal();
    guarded(refresh, open);
  };
  at("show-articles").addEventListener("click", open);
  at("add-first").addEventListener("click", open);
  at("more-articles").addEventListener("click", more);
  at("find-article").addEventListener("input", show);
  at("choose").addEventListener("click", () => at("files").click());
  at("files").addEventListener("change", () => {
    add(at("files").files);
    at("files").value = "";
  });
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const invite = (invited) => {
    at("dropping").hidden = !invited;
    at("drop").classList.toggle("over", invited);
  };
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    invite(true);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) invite(false);
  });
  addEventListener("drop", (event) => {
    invite(false);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
}
