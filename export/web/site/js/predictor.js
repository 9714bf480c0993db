// Texts in, answers out: what `zoo/predictor.py` does, over signatures of a few fixed lengths.

import { END, PAD, START } from "./vocabulary.js";

/**
 * @typedef {object} Answer
 * @property {string} input
 * @property {string} output the translation, the label, or the text that goes on from the prompt.
 * @property {number} score the log-probability of the output.
 * @property {boolean} truncated whether the input was too long to be read whole.
 * @property {string[]} sourcePieces the labels of the attention's columns.
 * @property {string[]} targetPieces the labels of its rows.
 * @property {Float32Array[]|null} attention a row for each target piece.
 */

/** A model together with its vocabularies. */
export class Predictor {
  /**
   * @param {object} site what `site.json` holds.
   * @param {{source: Vocabulary, target: Vocabulary}} vocabularies
   * @param {Function} run runs a signature, see `loadRuntime`.
   */
  constructor(site, { source, target }, run) {
    this.site = site;
    this.source = source;
    this.target = target;
    this.run = run;
  }

  /**
   * Answers one text.
   *
   * @param {string} text
   * @param {{beam?: boolean, lengthPenalty?: number}} options for translation.
   * @returns {Promise<Answer[]>} the answers from the best to the worst: one but for a beam.
   */
  async answer(text, { beam = false, lengthPenalty = 0.6 } = {}) {
    const { task } = this.site;
    if (task === "classification") return [await this.#classify(text)];
    if (task === "language_model") return [await this.#goOn(text)];
    return beam ? this.#beam(text, lengthPenalty) : [await this.#translate(text)];
  }

  /** Returns the ids that the model reads, and whether the text was cut. */
  #read(text) {
    const ids = this.source.encode(text);
    const room = this.site.max_source_pieces - 1;
    const kept = ids.slice(0, room);
    const read = this.site.task === "language_model" ? [START, ...kept] : [...kept, END];
    return { ids: read, truncated: ids.length > room };
  }

  /** Runs the signature of the smallest length that holds the ids. */
  async #ask(name, ids, extra = {}) {
    const length = this.site.lengths[name].find((one) => one >= ids.length);
    const padded = new Int32Array(length); // of PAD
    padded.set(ids);
    return { length, ...(await this.run(`${name}_${length}`, { ids: [padded, [1, length]], ...extra })) };
  }

  async #translate(text) {
    const { ids, truncated } = this.#read(text);
    const answer = await this.#ask("greedy", ids);
    return { input: text, truncated, ...this.#hypothesis(ids, answer, 0) };
  }

  async #beam(text, lengthPenalty) {
    const { ids, truncated } = this.#read(text);
    const extra = {
      length_penalty: [Float32Array.of(lengthPenalty), []],
      max_length: [Int32Array.of(this.site.max_target_pieces), []],
    };
    const answer = await this.#ask("beam", ids, extra);
    return Array.from(answer.score, (_, i) => ({
      input: text,
      truncated,
      rankScore: answer.rank_score[i],
      ...this.#hypothesis(ids, answer, i),
    })).filter((one, i) => i === 0 || one.score > -1e8); // there may be fewer hypotheses than places
  }

  /** Returns what row `i` of an answer says. */
  #hypothesis(ids, answer, i) {
    const room = this.site.max_target_pieces;
    const produced = [...answer.ids.subarray(i * room, (i + 1) * room)].filter((id) => id !== PAD);
    return {
      output: this.target.decode(produced),
      score: answer.score[i],
      ids: produced,
      sourcePieces: ids.map((id) => this.source.piece(id)),
      targetPieces: produced.map((id) => this.target.piece(id)),
      attention: rows(answer, i * room, produced.length, ids.length),
    };
  }

  async #classify(text) {
    const { ids, truncated } = this.#read(text);
    const answer = await this.#ask("classify", ids);
    const probabilities = [...answer.probabilities];
    const best = probabilities.indexOf(Math.max(...probabilities));
    const label = this.site.labels[best];
    const pieces = ids.map((id) => this.source.piece(id));
    const oneRow = ids.length > 1 && answer.attention?.length === answer.length; // for the whole text; else for a piece
    return {
      input: text,
      truncated,
      output: label,
      score: Math.log(Math.max(probabilities[best], 1e-45)),
      probabilities,
      sourcePieces: pieces,
      targetPieces: oneRow ? [label] : pieces,
      attention: rows(answer, 0, oneRow ? 1 : ids.length, ids.length),
    };
  }

  /** Goes on from a prompt; the attention is that over the whole text, as `zoo predict --attention` draws it. */
  async #goOn(text) {
    const { ids, truncated } = this.#read(text);
    const answer = await this.#ask("generate", ids);
    const produced = [...answer.ids].filter((id) => id !== PAD);
    const output = this.source.decode([...ids.slice(1), ...produced]);
    const read = this.#read(output);
    const whole = [...read.ids, END];
    const scored = this.site.attends ? await this.#ask("score", whole) : {};
    const pieces = whole.map((id) => this.source.piece(id));
    return {
      input: text,
      truncated: truncated || (this.site.attends && read.truncated),
      output,
      score: answer.score[0],
      ids: produced,
      sourcePieces: pieces,
      targetPieces: pieces,
      attention: rows(scored, 0, whole.length, whole.length),
    };
  }
}

/** Returns `count` rows of an answer's attention from row `first` on, of `width` columns; null without attention. */
function rows({ attention, length }, first, count, width) {
  if (!attention) return null;
  const start = (i) => (first + i) * length;
  return Array.from({ length: count }, (_, i) => attention.slice(start(i), start(i) + width));
}
