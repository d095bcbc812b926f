// How a failure is shown: what happened, and a way on.

import { useKey } from "./client.js";
import { at, element, keepFocus } from "./dom.js";

const WORTH_TRYING_AGAIN = new Set(["gone", "stopped", "failed", "busy"]);
// What waits for a key, by its button: one key opens all of it.
const locked = new Map();

/** Return the notice of a failure; `again` tries what failed once more. */
export function faultNotice(fault, again) {
  const way = wayOn(fault, again);
  // The way on stands outside the alert, or each second of its count would be read out.
  return element("div", { class: "fault" }, element("p", { role: "alert" }, fault.message), way && element("p", { class: "row" }, way));
}

/** Return the button that leads on from a failure, null where there is none. */
export function wayOn(fault, again) {
  const go = () => {
    const tried = again();
    keepFocus();
    return tried;
  };
  if (fault.kind === "key") {
    const give = element("button", { type: "button", class: "primary", onclick: () => askForKey(fault) }, "Give a key");
    locked.set(give, { fault, go });
    return give;
  }
  if (!WORTH_TRYING_AGAIN.has(fault.kind)) return null;
  const retry = element("button", { type: "button", onclick: go }, "Try again");
  countDown(retry, fault.wait);
  return retry;
}

/** Ask for a key, saying why; what failed for want of one is then tried again. */
export function askForKey(fault) {
  const field = at("key");
  at("key-said").textContent = fault.message;
  if (at("key-dialog").open) return;
  field.value = "";
  field.setCustomValidity("");
  field.oninput = () => field.setCustomValidity("");
  at("key-form").onsubmit = (event) => {
    if (useKey(field.value.trim())) return void setTimeout(unlock);
    event.preventDefault();
    field.setCustomValidity("A key has letters, digits and signs, and no spaces.");
    field.reportValidity();
  };
  at("key-dialog").showModal();
}

/** Try what is shown as waiting for a key, one after another; where the key is refused, ask for another. */
async function unlock() {
  for (const [button, { go }] of [...locked].filter(([one]) => one.checkVisibility())) {
    locked.delete(button);
    const others = locked.size;
    await go();
    if (locked.size > others) return void askForKey([...locked.values()].at(-1).fault);
  }
}

function countDown(button, seconds) {
  const wait = (left) => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(wait, 1000, left - 1);
  };
  wait(Math.ceil(seconds));
}
