// Elements made in code. Whatever comes from elsewhere becomes a text node: nothing here takes HTML.

/** Return the element of an id. */
export const at = (id) => document.getElementById(id);

/** Return a new element with attributes, listeners (`onclick`) and children; null children are left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const HAS_LINES = /\n\s*(?:[-*•]\s|\d{1,3}[.)]\s)|^\s*\||^#{1,6} /m;
const MARKUP = /^(#{1,6} +)(.*)$|^(\|[\s:|-]*-[\s:|-]*(?:\n|$))|^(\| ?)(?=.*\|)|( ?\|)$|( \| )/gm;

/** Return what an article says as a quotation: headings, items of lists and rows of tables each on a line.
 *
 * `shown` is the same text in pieces. All of it stays in the page, its markup where it is not seen.
 */
export function quotation(text, shown = [text]) {
  const hasLines = HAS_LINES.test(text);
  const set = hasLines ? unmarked : inParagraphs;
  for (const piece of shown) if (typeof piece !== "string") piece.replaceChildren(...set(piece.textContent));
  const pieces = shown.flatMap((piece) => (typeof piece === "string" ? set(piece) : piece));
  return element("blockquote", { dir: "auto", class: hasLines && "lines" }, ...pieces);
}

/** Return a text in pieces, a blank line between its paragraphs: other breaks of lines mean nothing where it was wrapped. */
function inParagraphs(text) {
  return text.split(/(?<=\n\s*\n)(?=\S)/).flatMap((part, at) => (at ? [element("br"), element("br"), part] : part));
}

/** Return a text in pieces, the marks of headings and tables in elements of their own. */
function unmarked(text) {
  const pieces = [];
  let at = 0;
  for (const found of text.matchAll(MARKUP)) {
    const [whole, hashes, label, rule, first, last] = found;
    pieces.push(text.slice(at, found.index));
    if (hashes) pieces.push(element("span", { class: "markup" }, hashes), element("strong", {}, label));
    else pieces.push(element("span", { class: rule || first || last ? "markup" : "soft" }, whole));
    at = found.index + whole.length;
  }
  return [...pieces, text.slice(at)];
}

/** Say something to those who listen to the page: in the open dialog, for what is under it is not heard. */
export function announce(text) {
  (document.querySelector("dialog[open] .announcements") ?? at("announcements")).textContent = text;
}

/** Give the focus a place where what had it is gone. */
export function keepFocus() {
  if (document.activeElement && document.activeElement !== document.body) return;
  (document.querySelector("dialog[open] [data-close]") ?? at("question")).focus();
}

/** Return a text without the characters that turn the direction of what stands beside it. */
export const unturned = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

/** Return the name of an article. */
export const titleOf = (cited) => unturned(cited.title || cited.doc_id);

/** Return what is known of an article in a line: its source and its date. */
export const factsOf = (cited) => unturned([cited.source, cited.published_at?.slice(0, 10)].filter(Boolean).join(" · "));

/** Return the same with its name first. */
export const creditOf = (cited) => [titleOf(cited), factsOf(cited)].filter(Boolean).join(" · ");
