// Conversations, kept in this browser alone: `{id, turns}`, each turn the body of an answer and what it was filtered by.

import { load, save } from "./kept.js";

const KEPT = "footnote.conversations";
const MOST = 50;

/** Return the conversations, the latest first. */
export function all() {
  try {
    const kept = JSON.parse(load(KEPT)) ?? [];
    return kept.filter((one) => typeof one?.id === "string" && one.turns?.length && one.turns.every(isTurn));
  } catch {
    return [];
  }
}

function isTurn(turn) {
  return typeof turn?.question === "string" && typeof turn.answer?.text === "string"
    && [turn.citations, turn.disagreements, turn.results].every(Array.isArray);
}

/** Add a turn to a conversation, as it is kept now: another tab may have gone on with it. Return whether it is kept. */
export function add(id, turn) {
  const kept = all();
  const known = kept.find((one) => one.id === id);
  // What was found is shown again only where there is no answer.
  const slim = turn.answer.abstained ? turn : { ...turn, results: [] };
  const grown = { id, turns: [...(known?.turns ?? []), slim] };
  let next = [grown, ...kept.filter((one) => one.id !== id)].slice(0, MOST);
  // Where the browser has no more room, the oldest go.
  while (!save(KEPT, JSON.stringify(next))) {
    if (next.length === 1) return false;
    next = next.slice(0, -1);
  }
  return true;
}

export const clear = () => save(KEPT, null);

/** Return the conversation as the service takes it: what was asked and what was answered. */
export function historyOf(turns) {
  return turns.flatMap(({ question, answer }) => [
    { role: "user", content: question },
    { role: "assistant", content: answer.text },
  ]).slice(-40);
}
