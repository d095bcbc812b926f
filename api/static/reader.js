// The article beside the answer, scrolled to what is cited.

import { Fault, readPage } from "./client.js";
import { announce, at, element, quotation, titleOf } from "./dom.js";
import { faultNotice } from "./faults.js";

let opener = null;
let opened = 0;

// On a narrow screen the article covers the page: what lies beneath must not be reached, and Back closes it.
const narrow = matchMedia("(max-width: 56rem)");
narrow.addEventListener("change", coverPage);
addEventListener("popstate", hide);

function coverPage() {
  for (const part of document.querySelectorAll(".bar, #conversation-side, #composer")) {
    part.inert = narrow.matches && !at("reader").hidden;
  }
}

/** Open the article of a citation; focus comes back to `from` when it is closed. A second press closes it. */
export async function openArticle(cited, from) {
  if (from?.getAttribute("aria-expanded") === "true") return void closeArticle();
  const number = ++opened;
  opener = from ?? opener;
  expand(from);
  at("reader").hidden = false;
  coverPage();
  if (narrow.matches && !history.state?.reader) history.pushState({ reader: true }, "");
  at("reader-title").textContent = titleOf(cited);
  at("reader-body").replaceChildren(element("p", { class: "progress" }, "Opening…"));
  at("reader-title").focus({ preventScroll: true });
  try {
    const page = await pageOf(cited);
    if (number === opened) show(page, cited);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (number === opened) at("reader-body").replaceChildren(...notShown(error, cited, from));
  }
}

/** Close the article. */
export function closeArticle() {
  if (at("reader").hidden) return;
  if (history.state?.reader) history.back();
  else hide();
}

function hide() {
  if (at("reader").hidden) return;
  opened++;
  at("reader").hidden = true;
  coverPage();
  expand(null);
  (opener?.isConnected ? opener : at("question")).focus();
}

function expand(marker) {
  for (const other of document.querySelectorAll('.marker[aria-expanded="true"]')) other.setAttribute("aria-expanded", "false");
  if (marker?.classList.contains("marker")) marker.setAttribute("aria-expanded", "true");
}

/** Return the page of a citation's source; of the whole article where it has become shorter than what was cited. */
async function pageOf(cited) {
  const path = cited.location.replace(/^\//, "");
  try {
    return await readPage(path);
  } catch (error) {
    if (error.kind !== "refused") throw error;
    return readPage(path.replace(/\?.*$/, ""));
  }
}

function notShown(fault, cited, from) {
  const quote = cited.cited_text ? quotation(cited.cited_text) : null;
  if (fault.kind !== "missing") {
    return [faultNotice(fault, () => {
      // Its marker would else close the article, as at a second press.
      expand(null);
      return openArticle(cited, from);
    })];
  }
  const said = `This article is no longer stored.${quote ? " This was quoted from it:" : ""}`;
  return [element("div", { class: "notice unanswered" }, element("p", { role: "alert" }, said), quote)];
}

function show(page, cited) {
  const article = document.importNode(page.querySelector("article"), true);
  const marked = [...article.querySelectorAll("mark")].map((mark) => mark.textContent).join("");
  const bare = (text) => text.replace(/\s/g, "");
  const original = page.querySelector("a.original");
  const link = new URL(cited.location.replace(/^\//, ""), document.baseURI).href;
  const changed = cited.cited_text && bare(marked) !== bare(cited.cited_text);
  at("reader-body").replaceChildren(
    element("p", { class: "facts" }, page.querySelector(".facts").textContent),
    ...(changed ? [element("div", { class: "notice unanswered" }, element("p", {}, "The article has changed since this was quoted from it:"), quotation(cited.cited_text))] : []),
    element(
      "p",
      { class: "ways" },
      original && document.importNode(original, true),
      // As its opener this tab hands on its key.
      element("a", { href: link, target: "_blank", rel: "opener" }, "Open on a page of its own"),
    ),
    article,
  );
  if (!changed) article.querySelector("mark")?.scrollIntoView({ block: "center", behavior: "instant" });
  announce(`The article ${titleOf(cited)} is open${marked && !changed ? ", at what is cited" : ""}.`);
}
