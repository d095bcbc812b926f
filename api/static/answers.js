// An answer on the page: its text with markers, its sources, what the articles disagree on, and its Markdown.

import { announce, at, creditOf, element, factsOf, quotation, titleOf, unturned } from "./dom.js";
import { clearFilters, filters } from "./filters.js";
import { openArticle } from "./reader.js";

const MARKER = /(\[\d+\])/;
const MARKED_WORD = /\S{0,40}\s?\[\d+\][.,;:!?]*/g;
const NOT_ANSWERED = /No answer to “(.+?)” was found\./g;
const OPENED_AFTER_MS = 300;

/** A question and its answer on the page, filled as the answer comes. */
export class Turn {
  constructor(question, filtered) {
    this.text = "";
    this.filtered = filtered;
    this.citations = new Map();
    this.heading = element("h2", { tabindex: "-1", dir: "auto" }, question);
    this.asked = filtered ? element("p", { class: "understood" }, `Asked only ${filtered}.`) : null;
    this.understood = element("p", { class: "understood", hidden: true });
    this.progress = element("p", { class: "progress" });
    this.answer = element("div", { class: "answer", dir: "auto" });
    this.rest = element("div");
    this.passages = element("div");
    this.foot = element("div", { class: "turn-foot" });
    this.section = element(
      "section",
      { class: "turn", "aria-label": question },
      this.heading, this.asked, this.understood, this.progress, this.answer, this.rest, this.passages, this.foot,
    );
  }

  /** Show the passages that were found, before there is an answer; where that takes a while, they are opened. */
  found(results) {
    const passages = passagesOf(results);
    this.passages.replaceChildren(passages);
    setTimeout(() => (passages.open ||= !this.text), OPENED_AFTER_MS);
  }

  /** Add a piece of the answer's text. */
  add(piece) {
    this.text += piece;
    this.setText(this.text);
  }

  /** Show the whole answer. */
  finish(body) {
    this.body = body;
    this.progress.remove();
    this.citations = new Map(body.citations.map((cited) => [cited.marker, cited]));
    if (body.standalone_question !== body.question) {
      this.understood.hidden = false;
      this.understood.textContent = `Understood as: ${body.standalone_question}`;
    }
    this.rest.replaceChildren();
    if (body.answer.abstained) this.finishUnanswered(body);
    else this.finishAnswered(body);
    this.foot.replaceChildren(...footOf(this).filter(Boolean));
  }

  finishUnanswered({ answer, results }) {
    this.text = answer.text;
    this.answer.replaceChildren();
    const said = element("div", { class: "notice unanswered" }, element("p", {}, element("strong", {}, answer.text)));
    if (answer.reason) said.append(element("p", {}, answer.reason));
    this.rest.append(said);
    if (!results.length) said.append(wayOn());
    this.passages.replaceChildren(...(results.length ? [nearestOf(results)] : []));
  }

  finishAnswered({ answer, citations, disagreements, results }) {
    this.text = answer.text;
    this.setText(withoutDisagreements(answer.text, disagreements));
    this.rest.append(...disagreements.map((found) => this.disagreementOf(found)));
    this.rest.append(element("h3", {}, citations.length === 1 ? "Source" : "Sources"));
    this.rest.append(element("ol", { class: "sources" }, citations.map((cited) => this.sourceOf(cited))));
    if (answer.reason) this.rest.append(element("p", { class: "understood" }, answer.reason));
    this.passages.replaceChildren(...(results.length ? [passagesOf(results)] : []));
  }

  setText(given) {
    // Its markers stand on one line with it.
    const text = unturned(given);
    const parts = [];
    let end = 0;
    for (const found of text.matchAll(MARKED_WORD)) {
      // A marker stays on the line of the word before it.
      parts.push(text.slice(end, found.index), element("span", { class: "kept" }, this.withMarkers(found[0])));
      end = found.index + found[0].length;
    }
    this.answer.replaceChildren(...parts, text.slice(end));
  }

  withMarkers(text) {
    return text.split(MARKER).map((piece) => (MARKER.test(piece) ? this.marker(Number(piece.slice(1, -1))) : piece));
  }

  marker(number) {
    const cited = () => this.citations.get(number);
    const button = element(
      "button",
      {
        type: "button",
        class: "marker",
        "aria-label": `Source ${number}`,
        "aria-expanded": "false",
        onclick: () => cited() && openArticle(cited(), button),
        onmouseenter: () => cited() && showTip(button, cited()),
        onmouseleave: hideTip,
        onfocus: () => cited() && button.matches(":focus-visible") && showTip(button, cited()),
        onblur: hideTip,
      },
      `[${number}]`,
    );
    return button;
  }

  sourceOf(cited) {
    return element(
      "li",
      { class: "source-card" },
      element("span", { class: "number" }, this.marker(cited.marker)),
      titleButton(cited),
      factsOf(cited) ? element("p", { class: "facts" }, factsOf(cited)) : null,
      quotation(cited.cited_text),
    );
  }

  disagreementOf(found) {
    const said = found.kind === "conflict" ? "The articles disagree on" : "This changed over time:";
    const side = ({ value, as_of: asOf, markers }) => {
      const quoted = markers.map((marker) => this.citations.get(marker)).filter(Boolean);
      return element(
        "li",
        { class: "side" },
        element("strong", {}, value),
        asOf ? element("span", { class: "soft" }, `as of ${asOf}`) : null,
        quoted.map((cited) => [
          quotation(cited.cited_text),
          element("p", { class: "facts" }, this.marker(cited.marker), " ", creditOf(cited)),
        ]).flat(),
      );
    };
    return element(
      "div",
      { class: "disagreement", role: "group", "aria-label": "Disagreement" },
      element("p", {}, `${said} ${found.topic}`),
      element("ul", { class: "sides" }, found.values.map(side)),
    );
  }
}

/** Return an answer's text without the sentences that end it where the articles disagree: they are shown side by side. */
function withoutDisagreements(text, disagreements) {
  return disagreements.reduceRight((before, { kind, topic }) => {
    const lead = kind === "conflict" ? `The articles disagree on ${topic}: ` : `What the articles say of ${topic} changed over time: `;
    const start = before.lastIndexOf(lead);
    return start < 0 ? before : before.slice(0, start).trimEnd();
  }, text);
}

/** Return what can be done where there was nothing to look through: filters taken off, or articles added. */
function wayOn() {
  const [words, act] = filters() ? ["Clear filters", clearFilters] : ["Add articles", () => at("show-articles").click()];
  return element("p", {}, element("button", { type: "button", onclick: act }, words));
}

function titleButton(cited) {
  const button = element("button", { type: "button", class: "title", dir: "auto", onclick: () => openArticle(cited, button) }, titleOf(cited));
  return button;
}

const countOf = (results) => (results.length === 1 ? "1 passage" : `${results.length} passages`);

const passagesOf = (results) => listed(results, `${countOf(results)} found`, false, highlighted);

/** Return the passages that come nearest and do not answer: no sentence of theirs stands out as if it did. */
const nearestOf = (results) => listed(results, `The nearest ${countOf(results)}`, true, ({ text }) => [text]);

function listed(results, summary, open, shown) {
  return element(
    "details",
    { class: "passages", open },
    element("summary", {}, summary),
    element("ol", { class: "sources" }, results.map((result) => element(
      "li",
      { class: "source-card" },
      element("span", { class: "number soft" }, `${result.rank}.`),
      titleButton(result.citation),
      factsOf(result.citation) ? element("p", { class: "facts" }, factsOf(result.citation)) : null,
      quotation(result.text, shown(result)),
    ))),
  );
}

/** Return a passage's text with its best sentence emphasised. Offsets count code points, and so do the pieces here. */
function highlighted({ text, citation, highlights }) {
  if (!highlights.length) return [text];
  const points = [...text];
  const start = highlights[0].start_char_index - citation.start_char_index;
  const end = highlights[0].end_char_index - citation.start_char_index;
  const piece = (from, to) => points.slice(from, to).join("");
  return [piece(0, start), element("b", {}, piece(start, end)), piece(end)];
}

/** Return whether a part of the question has no answer: then the text says so, and the reason says why. */
function isPartly({ text, reason }) {
  return [...text.matchAll(NOT_ANSWERED)].some(([, part]) => reason?.includes(`“${part}”: `));
}

function footOf(turn) {
  const { answer, took_ms: took } = turn.body;
  const [name, meaning, chance] = answer.abstained
    ? ["Chance that they answer:", "Of what gets 10%, about 10% could be answered.", answer.answerable ?? answer.confidence]
    : [
        "Confidence:",
        "The chance that what is cited holds the answer, where the articles are about what is asked.",
        // What an earlier version kept is another chance. One that all is answered says nothing of the part that is.
        answer.answerable === undefined || isPartly(answer) ? null : answer.confidence,
      ];
  const confidence = chance === null ? null : element("span", { title: meaning }, `${name} ${Math.round(chance * 100)}%`);
  const copy = element("button", { type: "button", onclick: async () => {
    const text = markdownOf(turn.body);
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
      announce("The answer is copied as Markdown.");
      setTimeout(() => (copy.textContent = "Copy as Markdown"), 2000);
    } catch {
      // Without a secure address a browser gives no clipboard; the text is then there to be taken by hand.
      const box = element("textarea", { rows: "6", readonly: true, "aria-label": "The answer as Markdown" });
      box.value = text;
      copy.replaceWith(box);
      box.select();
    }
  } }, "Copy as Markdown");
  return [copy, confidence, element("span", {}, `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`)];
}

/** Return an answer in Markdown, its citations as footnotes with their quotes and links. */
export function markdownOf({ question, answer, citations }) {
  const literal = (text) => text.replace(/[\\`*_[\]<>#|&]/g, "\\$&");
  const line = (text) => literal(text.replace(/\s+/g, " ").trim());
  const notes = citations.map((cited) => {
    const link = cited.url || new URL(cited.location.replace(/^\//, ""), document.baseURI).href;
    const target = link.replace(/[\\<>\s]/g, encodeURIComponent);
    const facts = [cited.source, cited.published_at?.slice(0, 10)].filter(Boolean).map(line);
    const quote = line(cited.cited_text);
    const quoted = /^["“”„«»‘]|["“”„«»‘]$/.test(quote) ? quote : `“${quote}”`;
    return `[^${cited.marker}]: ${quoted} — ${[`[${line(titleOf(cited))}](<${target}>)`, ...facts].join(", ")}`;
  });
  const text = answer.text.split(MARKER).map((piece) => (MARKER.test(piece) ? `[^${piece.slice(1, -1)}]` : literal(piece))).join("");
  const body = answer.abstained && answer.reason ? `${text} ${line(answer.reason)}` : text;
  return [`**${line(question)}**`, body, notes.join("\n")].filter(Boolean).join("\n\n") + "\n";
}

function showTip(button, cited) {
  const tip = at("quote-tip");
  tip.replaceChildren(
    quotation(cited.cited_text),
    element("p", { class: "facts" }, creditOf(cited)),
  );
  tip.hidden = false;
  button.setAttribute("aria-describedby", "quote-tip");
  const place = button.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const above = place.top - size.height - 8;
  tip.style.left = `${Math.max(12, Math.min(place.left - 20, innerWidth - size.width - 12))}px`;
  tip.style.top = `${above > 8 ? above : place.bottom + 8}px`;
}

/** Put the quote away that hovering shows. */
export function hideTip() {
  at("quote-tip").hidden = true;
  document.querySelector('[aria-describedby="quote-tip"]')?.removeAttribute("aria-describedby");
}
