// Which articles are asked: by source, by date of publication, or one article alone.

import { at, element } from "./dom.js";

let onlyArticle = null;

/** Offer the sources that articles name; those that were chosen stay so. `whole` says whether all articles are listed. */
export function offerSources(names, whole) {
  const chosen = new Set(chosenSources());
  const offered = [...new Set([...names, ...chosen])].sort((a, b) => a.localeCompare(b));
  at("filter-sources").replaceChildren(
    ...(offered.length
      ? offered.map((name) => element("label", {}, element("input", { type: "checkbox", value: name, checked: chosen.has(name) }), name))
      : [element("span", { class: "soft" }, "No article names its source.")]),
    ...(whole ? [] : [element("span", { class: "soft" }, "These are the sources of the articles listed so far.")]),
  );
}

/** Ask one article alone, or all again where it is null. */
export function askOnly(article) {
  onlyArticle = article;
  at("filter-article-set").hidden = !article;
  at("filter-article").replaceChildren(article ? element("span", {}, article.title || article.doc_id) : "");
  if (article) at("filters").open = true;
  say();
}

export function clearFilters() {
  for (const box of at("filter-sources").querySelectorAll("input")) box.checked = false;
  at("published-after").value = at("published-before").value = "";
  askOnly(null);
}

/** Return the filters as the service takes them, null where there are none. */
export function filters() {
  const body = {};
  const sources = chosenSources();
  if (sources.length) body.sources = sources;
  if (at("published-after").value) body.published_after = at("published-after").value;
  if (at("published-before").value) body.published_before = at("published-before").value;
  if (onlyArticle) body.doc_ids = [onlyArticle.doc_id];
  return Object.keys(body).length ? body : null;
}

const chosenSources = () => [...at("filter-sources").querySelectorAll("input:checked")].map((box) => box.value);

function say() {
  const count = Object.keys(filters() ?? {}).length;
  at("filters-said").textContent = count ? `(${count} on)` : "";
}

at("filters").addEventListener("change", say);
at("filters-clear").addEventListener("click", clearFilters);
