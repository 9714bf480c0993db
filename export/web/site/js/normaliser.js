// SentencePiece's normalisation: the rules come from the vocabulary as a double-array trie over UTF-8 bytes.

export const SPACE = "\u2581"; // what stands for a space inside pieces

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // U+FEFF is text here

/** Rewrites text as `sentencepiece` does before it cuts it. */
export class Normaliser {
  /**
   * @param {{add_dummy_prefix: boolean, remove_extra_whitespaces: boolean, escape_whitespaces: boolean}} rules
   * @param {ArrayBuffer|null} charsmap the vocabulary's `precompiled_charsmap`: the size of the trie in bytes, the
   *   trie, and the replacements, each closed by a zero byte; null for none.
   */
  constructor(rules, charsmap) {
    this.rules = rules;
    this.trie = null;
    if (charsmap && charsmap.byteLength) {
      const size = new DataView(charsmap).getUint32(0, true);
      const view = new DataView(charsmap, 4, size);
      this.trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 * i, true));
      this.replacements = new Uint8Array(charsmap, 4 + size);
    }
  }

  /** Returns the normalised text; `SPACE` stands for spaces in it. */
  normalise(text) {
    const { add_dummy_prefix, remove_extra_whitespaces: strip, escape_whitespaces } = this.rules;
    const chunks = this.#replaced(encoder.encode(text));
    const space = escape_whitespaces ? SPACE : " ";
    let first = 0;
    while (strip && chunks[first] === " ") first += 1;
    if (first === chunks.length) return "";
    let result = add_dummy_prefix ? space : "";
    let afterSpace = strip;
    for (let chunk of chunks.slice(first)) {
      if (afterSpace) chunk = chunk.replace(/^ +/, "");
      if (chunk) {
        result += escape_whitespaces ? chunk.replaceAll(" ", SPACE) : chunk;
        afterSpace = strip && chunk.endsWith(" ");
      }
    }
    while (strip && result.endsWith(space)) result = result.slice(0, -space.length);
    return result;
  }

  /** Returns the replacements of the longest prefixes that have a rule, and the characters that have none. */
  #replaced(bytes) {
    const chunks = [];
    for (let start = 0; start < bytes.length; ) {
      const [length, value] = this.#longestRule(bytes, start);
      const width = length || characterWidth(bytes[start]);
      chunks.push(length ? this.#replacement(value) : decoder.decode(bytes.subarray(start, start + width)));
      start += width;
    }
    return chunks;
  }

  /** Walks the trie (the layout is that of darts-clone) and returns how many bytes the longest rule takes. */
  #longestRule(bytes, start) {
    let length = 0;
    let value = 0;
    if (!this.trie) return [length, value];
    let node = offsetOf(this.trie[0]);
    for (let i = start; i < bytes.length; i += 1) {
      node ^= bytes[i];
      const unit = this.trie[node];
      if (unit === undefined || (unit & 0x800000ff) !== bytes[i]) break;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) {
        length = i + 1 - start;
        value = this.trie[node] & 0x7fffffff;
      }
    }
    return [length, value];
  }

  #replacement(start) {
    return decoder.decode(this.replacements.subarray(start, this.replacements.indexOf(0, start)));
  }
}

function offsetOf(unit) {
  return (unit >>> 10) << ((unit & 512) >>> 6);
}

function characterWidth(byte) {
  if (byte < 0x80) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}
