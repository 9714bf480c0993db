// Text to token ids and back: SentencePiece's unigram, char and word models.

import { Normaliser, SPACE } from "./normaliser.js";

export const PAD = 0;
export const START = 1;
export const END = 2;
export const UNKNOWN = 3;

const NORMAL = 1; // the types of pieces, as SentencePiece numbers them
const CONTROL = 3;
const UNKNOWN_PENALTY = 10; // what an unknown character costs beyond the least probable piece

/** The pieces of one side. */
export class Vocabulary {
  /**
   * @param {object} spec what `source.json` or `target.json` holds.
   * @param {ArrayBuffer|null} charsmap the normalisation rules, see `Normaliser`.
   */
  constructor(spec, charsmap = null) {
    this.spec = spec;
    this.normaliser = new Normaliser(spec, charsmap);
    this.ids = new Map();
    this.controls = new Set(spec.pieces.filter((_, id) => spec.types[id] === CONTROL));
    this.longest = 1; // the longest piece, in UTF-16 units
    let least = Infinity;
    spec.pieces.forEach((piece, id) => {
      if (spec.types[id] !== NORMAL) return;
      this.ids.set(piece, id);
      this.longest = Math.max(this.longest, piece.length);
      least = Math.min(least, spec.scores?.[id] ?? 0);
    });
    this.unknownScore = Math.fround(Math.fround(least) - UNKNOWN_PENALTY);
  }

  /** Returns the ids of a text, without start or end; unknown characters in a row are one unknown id. */
  encode(text) {
    const normalised = this.normaliser.normalise(text);
    const cut = { unigram: mostProbable, char: characters, word: words }[this.spec.kind];
    return cut(this, normalised).filter((id, i, all) => id !== UNKNOWN || all[i - 1] !== UNKNOWN);
  }

  /** Returns the text of ids; padding, start and end have none. */
  decode(ids) {
    const { types, unknown_surface, add_dummy_prefix, remove_extra_whitespaces: strip } = this.spec;
    const dropsFirstSpace = add_dummy_prefix || strip;
    let text = "";
    let atStart = true;
    let dropped = false;
    for (const id of ids) {
      if (dropped || text) atStart = false;
      dropped = false;
      if (types[id] === CONTROL) continue;
      let piece = id === UNKNOWN ? unknown_surface : this.piece(id);
      if (atStart && dropsFirstSpace && id !== UNKNOWN && piece.startsWith(SPACE)) {
        piece = piece.slice(SPACE.length);
        dropped = !strip;
      }
      text += id === UNKNOWN ? piece : piece.replaceAll(SPACE, " ");
    }
    return text;
  }

  /** Returns the piece of an id; `SPACE` in it stands for a space. */
  piece(id) {
    return this.spec.pieces[id];
  }
}

/**
 * Viterbi: the cut whose pieces have the greatest sum of scores, as SentencePiece computes it. It keeps sums in float32,
 * and compares one that ends in a piece with them in float64, before it is rounded; one that ends in an unknown
 * character is rounded first.
 */
function mostProbable(vocabulary, text) {
  const { ids, longest, unknownScore, spec } = vocabulary;
  const best = new Array(text.length + 1).fill(null); // by where a piece ends
  best[0] = { score: 0, start: -1, id: -1 };
  const offer = (end, start, id, score) => {
    const exact = best[start].score + score;
    const sum = Math.fround(exact);
    if (!best[end] || (id === UNKNOWN ? sum : exact) > best[end].score) best[end] = { score: sum, start, id };
  };
  for (let start = 0; start < text.length; ) {
    const next = start + (text.codePointAt(start) > 0xffff ? 2 : 1);
    const last = Math.min(text.length, start + longest);
    for (let end = next; end <= last; end += 1) {
      const id = ids.get(text.slice(start, end));
      if (id !== undefined) offer(end, start, id, Math.fround(spec.scores[id]));
    }
    if (!ids.has(text.slice(start, next))) offer(next, start, UNKNOWN, unknownScore);
    start = next;
  }
  const path = [];
  for (let end = text.length; end > 0; end = best[end].start) path.push(best[end].id);
  return path.reverse();
}

function characters(vocabulary, text) {
  return Array.from(text, (character) => vocabulary.ids.get(character) ?? UNKNOWN);
}

function words(vocabulary, text) {
  const found = text.match(new RegExp(`${SPACE}[^${SPACE}]*|^[^${SPACE}]+`, "gu")) ?? [];
  const read = found.filter((word) => !vocabulary.controls.has(word)); // one that is written as "<s>" has no id
  return read.map((word) => vocabulary.ids.get(word) ?? UNKNOWN);
}
