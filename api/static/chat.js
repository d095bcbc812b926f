// The chat page: asking, and what the keys and buttons do.

import { Turn, hideTip } from "./answers.js";
import * as articles from "./articles.js";
import { Fault, ask } from "./client.js";
import * as conversations from "./conversations.js";
import { announce, at, element } from "./dom.js";
import { faultNotice } from "./faults.js";
import { filters } from "./filters.js";
import { closeArticle } from "./reader.js";

let conversation = begun();
let asking = null;

function begun() {
  return { id: `${Date.now()}-${Math.random().toString(36).slice(2)}`, turns: [] };
}

/** Ask a question and fill its turn as the answer comes; a failure is shown in its place with a way to ask again. */
async function send(question) {
  asking?.abort();
  const control = (asking = new AbortController());
  const held = conversation;
  const turn = new Turn(question);
  const stop = element("button", { type: "button", onclick: () => control.abort() }, "Stop");
  turn.progress.append(element("span", {}, "Looking through the articles…"), stop);
  at("welcome").hidden = true;
  at("turns").append(turn.section);
  turn.heading.scrollIntoView({ block: "start" });
  announce("Looking through the articles.");
  const body = { question, history: conversations.historyOf(held.turns), filters: filters() };
  try {
    await ask(body, {
      results: (results) => turn.found(results),
      delta: ({ text }) => turn.add(text),
      citation: (cited) => turn.citations.set(cited.marker, cited),
      done: (whole) => finished(turn, whole, held),
    }, control.signal);
  } catch (error) {
    failed(turn, error, () => {
      turn.section.remove();
      send(question);
    });
  } finally {
    if (asking === control) asking = null;
  }
}

function finished(turn, whole, held) {
  turn.finish(whole);
  held.turns.push(whole);
  conversations.keep(held);
  const count = whole.citations.length;
  announce(whole.answer.abstained ? `${whole.answer.text} ${whole.answer.reason ?? ""}` : `The answer is here, with ${count === 1 ? "one source" : `${count} sources`}. ${whole.answer.text}`);
}

function failed(turn, error, again) {
  turn.progress.remove();
  if (error.name === "AbortError") {
    turn.rest.replaceChildren(element("p", { class: "understood" }, "Stopped."));
    return;
  }
  if (!(error instanceof Fault)) throw error;
  turn.rest.replaceChildren(faultNotice(error, again));
}

function show(chosen) {
  asking?.abort();
  closeArticle();
  conversation = chosen;
  at("turns").replaceChildren(...chosen.turns.map((whole) => {
    const turn = new Turn(whole.question);
    turn.finish(whole);
    return turn.section;
  }));
  at("welcome").hidden = chosen.turns.length > 0;
  at("question").focus();
}

function listConversations() {
  const kept = conversations.all();
  at("conversation-list").replaceChildren(...kept.map((one) => element("li", {}, element(
    "div",
    {},
    element("button", { type: "button", class: "open-title", dir: "auto", onclick: () => {
      at("conversations").close();
      show(one);
    } }, one.turns[0].question),
    element("p", { class: "facts" }, one.turns.length === 1 ? "1 question" : `${one.turns.length} questions`),
  ))));
  if (!kept.length) at("conversation-list").append(element("li", {}, element("span", { class: "soft" }, "There are none.")));
  at("clear-conversations").disabled = !kept.length;
}

const THEMES = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" };

function setTheme(theme) {
  if (theme === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("footnote.theme");
  } else {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("footnote.theme", theme);
  }
  at("theme").textContent = THEMES[theme].slice(0, 1);
  at("theme").title = `Colours: ${THEMES[theme].slice(2)}`;
  at("theme").setAttribute("aria-label", `Colours: ${THEMES[theme].slice(2)}`);
}

function fit() {
  const box = at("question");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}

function setUpComposer() {
  at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = at("question").value.trim();
    if (!question) return;
    at("question").value = "";
    fit();
    send(question);
  });
  at("question").addEventListener("input", fit);
  at("question").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    at("composer").requestSubmit();
  });
}

function setUpKeys() {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (!at("quote-tip").hidden) hideTip();
      else closeArticle();
    }
    if (event.key === "/" && !event.target.closest("input, textarea, select, dialog")) {
      event.preventDefault();
      at("question").focus();
    }
  });
  at("reader-close").addEventListener("click", closeArticle);
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
}

function setUpConversations() {
  at("new-conversation").addEventListener("click", () => show(begun()));
  at("show-conversations").addEventListener("click", () => {
    listConversations();
    at("conversations").showModal();
  });
  at("clear-conversations").addEventListener("click", () => {
    conversations.clear();
    listConversations();
    show(begun());
    announce("All conversations are cleared.");
  });
  at("theme").addEventListener("click", () => {
    const order = Object.keys(THEMES);
    const now = document.documentElement.dataset.theme ?? "auto";
    setTheme(order[(order.indexOf(now) + 1) % order.length]);
  });
}

async function begin() {
  try {
    await articles.refresh();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    at("turns").replaceChildren(faultNotice(error, () => {
      at("turns").replaceChildren();
      begin();
    }));
  }
}

setTheme(document.documentElement.dataset.theme ?? "auto");
setUpComposer();
setUpKeys();
setUpConversations();
articles.setUp();
begin();
// Where there is no keyboard, focus would raise one over half the page.
if (matchMedia("(pointer: fine)").matches) at("question").focus();
