// Conversations, kept in this browser alone.

const KEPT = "footnote.conversations";
const MOST = 50;

/** Return the conversations, the latest first: `{id, turns: [the bodies of answers]}`. */
export function all() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

/** Keep a conversation; where the browser has no more room, the oldest go. */
export function keep(conversation) {
  let kept = [conversation, ...all().filter((one) => one.id !== conversation.id)].slice(0, MOST);
  while (kept.length) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept));
      return;
    } catch {
      kept = kept.slice(0, -1);
    }
  }
}

export function clear() {
  localStorage.removeItem(KEPT);
}

/** Return the conversation as the service takes it: what was asked and what was answered. */
export function historyOf(turns) {
  return turns.flatMap(({ question, answer }) => [
    { role: "user", content: question },
    { role: "assistant", content: answer.text },
  ]).slice(-40);
}
