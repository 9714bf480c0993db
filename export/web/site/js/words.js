// Pieces joined to words, and the attention between words.

import { SPACE } from "./normaliser.js";

const SPECIAL = new Map([["<s>", "start"], ["</s>", "end"], ["<unk>", "unknown"]]);

/**
 * Groups pieces.
 *
 * @param {string[]} pieces
 * @param {boolean} joined whether pieces are joined to words; else each is alone.
 * @returns {{text: string, special: boolean, members: number[]}[]} what is shown, and of which pieces it is made.
 */
export function group(pieces, joined) {
  const groups = [];
  pieces.forEach((piece, i) => {
    const special = SPECIAL.has(piece);
    const last = groups.at(-1);
    if (joined && last && !last.special && !special && goesOn(last.text, piece)) {
      last.text += piece;
      last.members.push(i);
    } else {
      const text = special ? SPECIAL.get(piece) : shown(piece, joined);
      groups.push({ text, special, members: [i] });
    }
  });
  return groups.filter((one) => one.text !== "" || !joined);
}

const UNSPACED = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"].map((name) => `\\p{Script=${name}}`);
const FROM_UNSPACED = new RegExp(`[${UNSPACED.join("")}]$`, "u");
const TO_UNSPACED = new RegExp(`^[${UNSPACED.join("")}]`, "u");

/**
 * Tells whether a piece belongs to the word before it. A punctuation mark is a word of its own, and so is each piece of a
 * script that puts no spaces between words.
 */
function goesOn(text, piece) {
  if (piece.startsWith(SPACE) || FROM_UNSPACED.test(text) || TO_UNSPACED.test(piece)) return false;
  return text === "" || (/[\p{L}\p{M}\p{N}]$/u.test(text) && /^[\p{L}\p{M}\p{N}]/u.test(piece));
}

function shown(piece, joined) {
  return joined ? piece.replaceAll(SPACE, "") : piece;
}

/**
 * Returns the attention between groups: the sum over the source pieces of a word, the mean over its target pieces.
 *
 * @param {Float32Array[]} attention a row for each target piece.
 */
export function between(attention, targets, sources) {
  return targets.map(({ members }) =>
    sources.map(({ members: columns }) => {
      const sums = members.map((row) => columns.reduce((sum, column) => sum + attention[row][column], 0));
      return sums.reduce((a, b) => a + b, 0) / members.length;
    }),
  );
}
