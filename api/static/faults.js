// How a failure is shown: what happened, and a way on.

import { useKey } from "./client.js";
import { at, element } from "./dom.js";

/** Return the notice of a failure; `again` tries what failed once more. */
export function faultNotice(fault, again) {
  const notice = element("div", { class: "fault", role: "alert" }, element("p", {}, fault.message));
  const ways = element("p", { class: "row" });
  const retry = element("button", { type: "button", onclick: again }, "Try again");
  if (fault.kind === "key") {
    ways.append(element("button", { type: "button", class: "primary", onclick: () => askForKey(again) }, "Give a key"));
  } else if (fault.kind === "busy") {
    ways.append(retry);
    countDown(retry, fault.wait);
  } else if (fault.kind !== "large") {
    ways.append(retry);
  }
  if (ways.childElementCount) notice.append(ways);
  return notice;
}

/** Ask for a key, then go on. */
export function askForKey(again) {
  const dialog = at("key-dialog");
  at("key").value = "";
  at("key-form").onsubmit = () => {
    useKey(at("key").value.trim());
    again();
  };
  dialog.showModal();
}

function countDown(button, seconds) {
  const wait = (left) => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(wait, 1000, left - 1);
  };
  wait(Math.ceil(seconds));
}
