// The stored articles: their list, adding and deleting them.

import { Fault, read, remove, upload } from "./client.js";
import { announce, at, element, factsOf, keepFocus, titleOf } from "./dom.js";
import { faultNotice, wayOn } from "./faults.js";
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
    keepFocus();
  }, more);
}

function show() {
  const sought = at("find-article").value.trim().toLowerCase();
  const shown = listed.filter((one) => [one.title, one.source, one.doc_id].some((value) => value?.toLowerCase().includes(sought)));
  at("article-count").textContent = `(${count})`;
  // A list that has not changed is left alone, with the focus and the button that are in use in it.
  const list = JSON.stringify([count, cursor, shown]);
  if (list !== shownList) {
    shownList = list;
    const among = cursor === null ? "" : ` among the first ${listed.length.toLocaleString("en")}`;
    const said = count ? `No article is called so${among}.` : "There are no articles yet.";
    const none = element("li", {}, element("span", { class: "soft" }, said));
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
    keepFocus();
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
  showDialog();
  const lines = files.map((file) => {
    const bar = element("progress", { max: "1", value: "0", "aria-label": `Sending ${file.name}` });
    const said = element("span", { class: "soft" }, "waiting");
    const line = element("li", {}, element("span", {}, element("strong", {}, file.name), " ", said), bar);
    at("uploads").append(line);
    return { file, line, bar, said };
  });
  let added = 0;
  for (const one of lines) added += (await addOne(one)) ? 1 : 0;
  announce(`${added} of ${lines.length} files were added.`);
  await relist();
}

const relist = () => guarded(refresh, relist);

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
    const again = wayOn(error, () => {
      line.remove();
      add([file]);
    });
    line.append(...(again ? [element("p", { class: "row" }, again)] : []));
    return false;
  } finally {
    bar.remove();
    line.classList.add("ended");
  }
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

function showDialog() {
  if (!at("articles").open) at("articles").showModal();
}

/** Return the files of what was dropped, folders gone through. To be called while the event is being handled. */
function filesOf(carried) {
  const entries = [...carried.items].map((item) => item.webkitGetAsEntry?.());
  if (!entries.some((entry) => entry?.isDirectory)) return Promise.resolve([...carried.files]);
  return Promise.all(entries.filter(Boolean).map(filesIn)).then((files) => files.flat());
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(filesIn))).flat();
}

/** Wire the dialog, and files dropped anywhere on the page. */
export function setUp() {
  const open = () => {
    showDialog();
    return guarded(refresh, open);
  };
  at("articles").addEventListener("close", () => {
    for (const line of at("uploads").querySelectorAll(".ended")) line.remove();
  });
  at("show-articles").addEventListener("click", open);
  at("add-first").addEventListener("click", open);
  at("more-articles").addEventListener("click", more);
  at("find-article").addEventListener("input", show);
  at("choose").addEventListener("click", () => at("files").click());
  at("files").addEventListener("change", () => {
    add([...at("files").files]);
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
    filesOf(event.dataTransfer).then(add);
  });
}
