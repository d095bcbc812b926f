// How a failure is shown: what happened, and a way on.

import { useKey } from "./client.js";
import { at, element, keepFocus } from "./dom.js";

const WORTH_TRYING_AGAIN = new Set(["gone", "stopped", "failed", "busy"]);

/** Return the notice of a failure; `again` tries what failed once more. */
export function faultNotice(fault, again) {
  const way = wayOn(fault, again);
  // The way on stands outside the alert, or each second of its count would be read out.
  return element("div", { class: "fault" }, element("p", { role: "alert" }, fault.message), way && element("p", { class: "row" }, way));
}

/** Return the button that leads on from a failure, null where there is none. */
export function wayOn(fault, again) {
  const go = () => {
    again();
    keepFocus();
  };
  if (fault.kind === "key") return element("button", { type: "button", class: "primary", onclick: () => askForKey(go) }, "Give a key");
  if (!WORTH_TRYING_AGAIN.has(fault.kind)) return null;
  const retry = element("button", { type: "button", onclick: go }, "Try again");
  countDown(retry, fault.wait);
  return retry;
}

function askForKey(again) {
  const field = at("key");
  field.value = "";
  field.oninput = () => field.setCustomValidity("");
  at("key-form").onsubmit = (event) => {
    if (useKey(field.value.trim())) return void setTimeout(again);
    event.preventDefault();
    field.setCustomValidity("A key has letters, digits and signs, and no spaces.");
    field.reportValidity();
  };
  at("key-dialog").showModal();
}

function countDown(button, seconds) {
  const wait = (left) => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(wait, 1000, left - 1);
  };
  wait(Math.ceil(seconds));
}
