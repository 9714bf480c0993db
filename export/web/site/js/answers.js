// An answer in words and figures: the text, the beam it came from, the labels of a classifier.

import { byId, element, percent } from "./dom.js";

/** Shows the answer itself, and how sure the model is of it. */
export function showFacts(site, answer, milliseconds) {
  const facts = [];
  const empty = !answer.input.trim();
  byId("output").textContent = empty ? "" : answer.output;
  if (!empty) {
    if (site.task === "classification") facts.push(`probability ${percent(Math.exp(answer.score))}`);
    else facts.push(`log-probability ${figure(answer.score)}`);
    facts.push(`${Math.round(milliseconds)}\u202fms`);
    if (answer.truncated) facts.push("the text is too long; only its beginning was read");
  }
  byId("facts").textContent = facts.join(" \u00b7 ");
}

/**
 * Shows the hypotheses of a beam, from the best to the worst.
 *
 * @param {object[]} answers none to hide it.
 * @param {(answer: object) => void} choose called with the hypothesis that the reader chooses.
 */
export function showBeam(answers, choose) {
  byId("beam").hidden = answers.length === 0;
  const likeliest = Math.max(...answers.map(({ score }) => score));
  const items = answers.map((answer, i) => {
    const share = Math.exp(answer.score - likeliest);
    const button = element("input", { type: "radio", name: "hypothesis", value: i });
    button.checked = i === 0;
    button.addEventListener("change", () => choose(answer));
    return element(
      "label",
      {},
      button,
      element("span", { class: "text", dir: "auto" }, answer.output || "(nothing)"),
      element("span", { class: "figure", title: "log-probability" }, figure(answer.score)),
      element("span", { class: "bar-track" }, element("span", { class: "bar", "--share": share.toFixed(4) })),
      element("span", { class: "figure note", title: "with the length penalty" }, figure(answer.rankScore)),
    );
  });
  byId("hypotheses").replaceChildren(...items);
}

/** Shows the probability of every label of a classifier; null to hide them. */
export function showLabels(site, answer) {
  const shown = answer?.probabilities;
  byId("labels").hidden = !shown;
  if (!shown) return;
  const order = [...shown.keys()].sort((a, b) => shown[b] - shown[a]);
  const rows = order.map((i, place) =>
    element(
      "tr",
      { class: place === 0 ? "best" : undefined },
      element("th", { scope: "row", dir: "auto" }, site.labels[i]),
      element("td", {}, element("span", { class: "bar", "--share": shown[i].toFixed(4) })),
      element("td", { class: "figure" }, percent(shown[i])),
    ),
  );
  byId("probabilities").replaceChildren(element("tbody", {}, ...rows));
}

function figure(number) {
  return number.toFixed(2).replace("-", "\u2212");
}
