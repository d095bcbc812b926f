// Which articles are asked: by source, by date of publication, or one article alone.

import { at, element, titleOf } from "./dom.js";

// More sources than these are found by typing.
const AT_A_GLANCE = 12;
const MOST_SHOWN = 50;

const chosen = new Set();
let offered = [];
let whole = true;
let onlyArticle = null;

/** Offer the sources that articles name; those that were chosen stay so. `all` says whether all articles are listed. */
export function offerSources(names, all) {
  const sorted = [...new Set([...names, ...chosen])].sort((a, b) => a.localeCompare(b));
  if (all === whole && JSON.stringify(sorted) === JSON.stringify(offered) && at("filter-sources").childElementCount) return;
  [offered, whole] = [sorted, all];
  showSources();
}

function showSources() {
  const sought = at("find-source").value.trim().toLowerCase();
  at("find-source").hidden = offered.length <= AT_A_GLANCE;
  const found = offered.filter((name) => chosen.has(name) || name.toLowerCase().includes(sought));
  const shown = found.filter((name) => chosen.has(name)).concat(found.filter((name) => !chosen.has(name))).slice(0, MOST_SHOWN);
  const said = [
    offered.length ? "" : "No article names its source.",
    found.length > shown.length ? `${found.length - shown.length} more; type to find them.` : "",
    whole ? "" : "Sources of the articles listed so far.",
  ].filter(Boolean).join(" ");
  at("filter-sources").replaceChildren(
    ...shown.map((name) => element("label", {}, element("input", { type: "checkbox", value: name, checked: chosen.has(name) }), element("span", {}, name))),
    ...(said ? [element("span", { class: "soft" }, said)] : []),
  );
}

/** Ask one article alone, or all again where it is null. */
export function askOnly(article) {
  onlyArticle = article;
  at("filter-article-set").hidden = !article;
  at("filter-article").textContent = article ? titleOf(article) : "";
  if (article) at("filters").open = true;
  say();
}

/** Ask all articles again. */
export function clearFilters() {
  chosen.clear();
  at("find-source").value = at("published-after").value = at("published-before").value = "";
  showSources();
  askOnly(null);
}

/** Return the filters as the service takes them, null where there are none. */
export function filters() {
  const body = {};
  if (chosen.size) body.sources = [...chosen];
  if (at("published-after").value) body.published_after = at("published-after").value;
  if (at("published-before").value) body.published_before = at("published-before").value;
  if (onlyArticle) body.doc_ids = [onlyArticle.doc_id];
  return Object.keys(body).length ? body : null;
}

/** Return the filters in words, "" where there are none. */
export function filtersInWords() {
  const body = filters() ?? {};
  return [
    body.sources && `from ${body.sources.join(", ")}`,
    body.published_after && `published from ${body.published_after}`,
    body.published_before && `published to ${body.published_before}`,
    onlyArticle && `in ${titleOf(onlyArticle)}`,
  ].filter(Boolean).join("; ");
}

/** Fold the filters up and have the keyboard where they are opened from. */
export function closeFilters() {
  at("filters").open = false;
  at("filters").querySelector("summary").focus();
}

function say() {
  const count = Object.keys(filters() ?? {}).length;
  at("filters-said").textContent = count ? `(${count} on)` : "";
}

at("filter-sources").addEventListener("change", ({ target }) => {
  if (target.checked) chosen.add(target.value);
  else chosen.delete(target.value);
});
at("find-source").addEventListener("input", showSources);
at("filters").addEventListener("change", say);
at("filters-clear").addEventListener("click", clearFilters);
