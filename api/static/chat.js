// The chat page: asking, and what the keys and buttons do.

import { Turn, hideTip } from "./answers.js";
import * as articles from "./articles.js";
import { Fault, ask } from "./client.js";
import * as conversations from "./conversations.js";
import { announce, at, element, keepFocus } from "./dom.js";
import { askForKey, faultNotice } from "./faults.js";
import { askOnly, closeFilters, filters, filtersInWords } from "./filters.js";
import { load, save } from "./kept.js";
import { closeArticle } from "./reader.js";

const MAX_QUESTION = 2000;

let conversation = begun();
let asking = null;

function begun() {
  return { id: `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`, turns: [] };
}

/** Ask a question and fill its turn as the answer comes; a failure is shown in its place with a way to ask again. */
async function send(question) {
  const control = new AbortController();
  const held = conversation;
  const turn = new Turn(question, filtersInWords());
  const stop = element("button", { type: "button", onclick: () => control.abort() }, "Stop");
  turn.progress.append(element("span", {}, "Looking through the articles…"), stop);
  at("welcome").hidden = true;
  at("turns").append(turn.section);
  turn.heading.scrollIntoView({ block: "start" });
  announce("Looking through the articles.");
  const body = { question, history: conversations.historyOf(held.turns), filters: filters() };
  setAsking(control);
  try {
    await ask(body, {
      results: (results) => turn.found(results),
      delta: ({ text }) => turn.add(text),
      citation: (cited) => turn.citations.set(cited.marker, cited),
      done: (whole) => finished(turn, { ...whole, filtered: turn.filtered }, held),
    }, control.signal);
  } catch (error) {
    failed(turn, error, () => {
      turn.section.remove();
      return send(question);
    });
  } finally {
    if (asking === control) setAsking(null);
  }
}

function setAsking(control) {
  asking = control;
  at("send").disabled = control !== null;
}

function finished(turn, whole, held) {
  turn.finish(whole);
  held.turns.push(whole);
  const kept = conversations.add(held.id, whole);
  if (held === conversation) history.replaceState(history.state, "", kept ? `#${held.id}` : "#");
  const count = whole.citations.length;
  announce(whole.answer.abstained ? `${whole.answer.text} ${whole.answer.reason ?? ""}` : `The answer is here, with ${count === 1 ? "one source" : `${count} sources`}. ${whole.answer.text}`);
}

function failed(turn, error, again) {
  turn.progress.remove();
  if (error.name === "AbortError") {
    const askAgain = element("button", { type: "button", onclick: () => {
      again();
      keepFocus();
    } }, "Ask again");
    turn.rest.replaceChildren(element("p", { class: "progress" }, element("span", {}, "Stopped."), askAgain));
    announce("Stopped.");
  } else if (error instanceof Fault) {
    turn.rest.replaceChildren(faultNotice(error, again));
    if (error.kind === "key") askForKey(error);
  } else {
    turn.rest.replaceChildren(faultNotice(new Fault("failed", `This page failed to show the answer (${error.message}).`), again));
    console.error(error);
  }
  keepFocus();
}

function show(chosen) {
  asking?.abort();
  closeArticle();
  conversation = chosen;
  history.replaceState(null, "", chosen.turns.length ? `#${chosen.id}` : location.pathname);
  at("turns").replaceChildren(...chosen.turns.map((whole) => {
    const turn = new Turn(whole.question, whole.filtered);
    turn.finish(whole);
    return turn.section;
  }));
  at("welcome").hidden = chosen.turns.length > 0;
  focusQuestion();
}

// Where there is no keyboard, focus would raise one over half the page.
function focusQuestion() {
  if (matchMedia("(pointer: fine)").matches) at("question").focus();
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
  const [sign, name] = THEMES[theme].split(" ");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  at("theme").textContent = sign;
  at("theme").title = `Colours: ${name}`;
  at("theme").setAttribute("aria-label", `Colours: ${name}`);
}

function fit() {
  const box = at("question");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
  const length = [...box.value.trim()].length;
  at("composer-fault").hidden = length <= MAX_QUESTION;
  at("composer-fault").textContent = `A question has at most ${MAX_QUESTION.toLocaleString("en")} characters; this has ${length.toLocaleString("en")}.`;
}

function setUpComposer() {
  at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = at("question").value.trim();
    if (!question || asking || !at("composer-fault").hidden) return;
    at("question").value = "";
    fit();
    send(question);
  });
  at("question").addEventListener("input", fit);
  at("question").addEventListener("keydown", (event) => {
    // Safari says that a word is being composed by this key code alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    at("composer").requestSubmit();
  });
}

function setUpKeys() {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (!at("quote-tip").hidden) hideTip();
      else if (event.target.closest("#filters[open]")) closeFilters();
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
  at("new-conversation").addEventListener("click", () => {
    askOnly(null);
    show(begun());
  });
  at("show-conversations").addEventListener("click", () => {
    listConversations();
    at("conversations").showModal();
  });
  at("clear-conversations").addEventListener("click", () => {
    conversations.clear();
    listConversations();
    show(begun());
    announce("All conversations are cleared.");
    at("conversations").querySelector("[data-close]").focus();
  });
  at("theme").addEventListener("click", () => {
    const order = Object.keys(THEMES);
    const next = order[(order.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % order.length];
    setTheme(next);
    save("footnote.theme", next === "auto" ? null : next);
  });
}

async function begin() {
  at("service-fault").replaceChildren();
  try {
    await articles.refresh();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    at("service-fault").replaceChildren(faultNotice(error, begin));
  }
}

setTheme(load("footnote.theme") ?? "auto");
setUpComposer();
setUpKeys();
setUpConversations();
articles.setUp();
const last = conversations.all().find((one) => `#${one.id}` === location.hash);
if (last) show(last);
else focusQuestion();
begin();
