// The colours a reader has chosen, set before anything is drawn; without a choice the system's hold.
"use strict";
try {
  const chosen = localStorage.getItem("footnote.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // The browser keeps nothing.
}
