// The heat map: a table, so that it can be read out and copied too.

import { element, percent } from "./dom.js";

/**
 * Draws a row for each word of the answer and a column for each word of the source.
 *
 * @param {HTMLElement} place what is drawn into; emptied first.
 * @param {object} model as that of `picture`.
 * @param {(side: string|null, i?: number) => void} follow called when a row or a column's name is pointed at or left.
 * @returns {{follow: Function}} marks a row or a column.
 */
export function heatMap(place, { self, sources, targets, weights, source, target }, follow) {
  const head = sources.map((word, i) => name(word, "col", source, () => follow("source", i), follow));
  const rows = targets.map((word, i) => name(word, "row", self ? source : target, () => follow("target", i), follow));
  const cells = weights.map((shares, row) =>
    shares.map((share) => {
      const strong = share > 0.55 ? "strong" : undefined;
      const value = element("span", {}, percent(share).replace(/\s*%/u, ""));
      const enter = () => follow("target", row);
      return element("td", { class: strong, "--weight": share.toFixed(4), onpointerenter: enter }, value);
    }),
  );
  const caption = self
    ? "Down, each word; across, the earlier words it looks at, in per cent"
    : "Down, the words of the answer; across, the words of the source they look at, in per cent";
  const table = element(
    "table",
    { onpointerleave: () => follow(null) },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, element("td", { class: "corner", "--weight": 0 }), ...head)),
    element("tbody", {}, ...cells.map((row, i) => element("tr", {}, rows[i], ...row))),
  );
  place.replaceChildren(table);
  return {
    follow(side, i) {
      place.classList.toggle("following", side !== null);
      head.forEach((one, k) => one.classList.toggle("on", side === "source" && k === i));
      rows.forEach((one, k) => one.classList.toggle("on", side === "target" && k === i));
      const marked = (row, column) => (side === "source" ? column === i : side === "target" && row === i);
      cells.forEach((row, r) => row.forEach((cell, c) => cell.classList.toggle("on", marked(r, c))));
    },
  };
}

function name({ text, special }, scope, language, enter, follow) {
  const spoken = special ? undefined : language;
  const label = element("span", { lang: spoken, dir: "auto", class: special ? "special" : undefined }, text);
  return element("th", { scope, title: text, onpointerenter: enter, onpointerleave: () => follow(null) }, label);
}
