// The article beside the answer, scrolled to what is cited.

import { Fault, readPage } from "./client.js";
import { announce, at, element, titleOf } from "./dom.js";
import { faultNotice } from "./faults.js";

let opener = null;
let opened = 0;

// On a narrow screen the article covers the page, and what lies beneath it must not be reached.
const narrow = matchMedia("(max-width: 56rem)");
narrow.addEventListener("change", coverPage);

function coverPage() {
  for (const part of document.querySelectorAll(".bar, #conversation-side, #composer")) {
    part.inert = narrow.matches && !at("reader").hidden;
  }
}

/** Open the article of a citation; focus comes back to `from` when it is closed. */
export async function openArticle(cited, from) {
  const number = ++opened;
  opener = from ?? opener;
  for (const marker of document.querySelectorAll('.marker[aria-pressed="true"]')) marker.setAttribute("aria-pressed", "false");
  if (from?.classList.contains("marker")) from.setAttribute("aria-pressed", "true");
  at("reader").hidden = false;
  coverPage();
  at("reader-title").textContent = titleOf(cited);
  at("reader-body").replaceChildren(element("p", { class: "progress" }, "Opening…"));
  at("reader-title").focus({ preventScroll: true });
  try {
    const page = await readPage(cited.location.replace(/^\//, ""));
    if (number === opened) show(page, cited);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (number === opened) at("reader-body").replaceChildren(faultNotice(error, () => openArticle(cited, from)));
  }
}

/** Close the article. */
export function closeArticle() {
  if (at("reader").hidden) return false;
  opened++;
  at("reader").hidden = true;
  coverPage();
  for (const marker of document.querySelectorAll('.marker[aria-pressed="true"]')) marker.setAttribute("aria-pressed", "false");
  (opener?.isConnected ? opener : at("question")).focus();
  return true;
}

function show(page, cited) {
  const article = document.importNode(page.querySelector("article"), true);
  const marked = [...article.querySelectorAll("mark")].map((mark) => mark.textContent).join("");
  const bare = (text) => text.replace(/\s/g, "");
  const original = page.querySelector("a.original");
  const link = new URL(cited.location.replace(/^\//, ""), document.baseURI).href;
  const parts = [
    element("p", { class: "facts" }, page.querySelector(".facts").textContent),
    element(
      "p",
      { class: "ways" },
      original ? document.importNode(original, true) : null,
      element("a", { href: link, target: "_blank", rel: "noopener" }, "Open on a page of its own"),
    ),
    article,
  ];
  if (cited.cited_text && bare(marked) !== bare(cited.cited_text)) {
    parts.splice(1, 0, element("p", { class: "notice unanswered" }, `The article has changed since it was quoted: “${cited.cited_text}”`));
  }
  at("reader-body").replaceChildren(...parts);
  article.querySelector("mark")?.scrollIntoView({ block: "center", behavior: "instant" });
  announce(`The article ${titleOf(cited)} is open${marked ? ", at what is cited" : ""}.`);
}
