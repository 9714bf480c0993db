// The attention of one answer: lines or arcs between words, the heat map, and the word that is followed in both.

import { byId, percent } from "./dom.js";
import { heatMap } from "./heatmap.js";
import { picture } from "./picture.js";
import { between, group } from "./words.js";

const NAMED = 0.05; // a word with less of the attention is not named
const MOST_CELLS = 6400; // a larger heat map is not drawn: it would take seconds

/** Draws the attention of an answer, and draws it anew when the reader asks for pieces instead of words. */
export class AttentionView {
  /** @param {{source: string, target: string}} languages of both sides, undefined where they are not known. */
  constructor(languages) {
    this.languages = languages;
    this.answer = null;
    byId("joined").addEventListener("change", () => this.answer && this.show(this.answer));
    byId("numbers").addEventListener("change", () => byId("map").classList.toggle("numbers", byId("numbers").checked));
  }

  /** Shows the attention of an answer, or nothing where there is none. */
  show(answer) {
    const drawn = answer?.attention?.length > 0;
    byId("attention").hidden = !drawn;
    if (!drawn) return;
    this.answer = answer;
    const self = answer.targetPieces === answer.sourcePieces; // a text that attends to itself
    byId("attention-note").textContent = self
      ? "An arc from each word to the earlier words it looks at, as thick as its attention."
      : "A line from each word of the answer to the words it looks at, as thick as its attention.";
    const joined = byId("joined").checked;
    this.sources = group(answer.sourcePieces, joined);
    this.targets = self ? this.sources : group(answer.targetPieces, joined);
    this.weights = between(answer.attention, this.targets, this.sources);
    const model = { ...this.languages, self, sources: this.sources, targets: this.targets, weights: this.weights };
    const follow = (side, i) => this.follow(side, i);
    this.views = [picture(byId("picture"), model, follow)];
    if (this.sources.length * this.targets.length <= MOST_CELLS) this.views.push(heatMap(byId("map"), model, follow));
    else byId("map").replaceChildren("The text is too long for a heat map.");
    this.follow(null);
  }

  /** Follows a word of the "target" or the "source" in all views; null for none. */
  follow(side, i) {
    for (const view of this.views) view.follow(side, i);
    byId("followed").textContent = side === null ? "" : this.#sentence(side, i);
  }

  #sentence(side, i) {
    const [word, others, shares] =
      side === "target"
        ? [this.targets[i], this.sources, this.weights[i]]
        : [this.sources[i], this.targets, this.weights.map((row) => row[i])];
    const order = [...shares.keys()].filter((k) => shares[k] >= NAMED).sort((a, b) => shares[b] - shares[a]);
    const named = order.slice(0, 4).map((k) => `\u201c${others[k].text}\u201d ${percent(shares[k])}`);
    const verb = side === "target" ? "looks at" : "is looked at by";
    return `\u201c${word.text}\u201d ${verb} ${named.join(", ") || "nothing in particular"}.`;
  }
}
