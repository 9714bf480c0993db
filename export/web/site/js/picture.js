// Lines from the words of an answer to those of its source, or arcs within one text, as thick as the attention.

import { element, shape } from "./dom.js";

const ROW = 30; // pixels from word to word
const WIDTH = 200; // between the columns, in units of the drawing
const FAR = 12; // words: an arc over more is no wider
const THICKEST = 9; // pixels, of a weight of 1
const FAINTEST = 0.02; // a smaller weight is not drawn
const NAME_HEIGHT = 22; // of the name above a column

/**
 * Draws the words and what goes between them.
 *
 * @param {HTMLElement} place what is drawn into; emptied first.
 * @param {object} model `self`, `sources`, `targets`, `weights`, and the languages `source` and `target`.
 * @param {(side: string|null, i?: number) => void} follow called when a word is pointed at, focused or left.
 * @returns {{follow: Function}} marks a word and its lines.
 */
export function picture(place, model, follow) {
  const { self, sources, targets, weights } = model;
  const height = ROW * Math.max(sources.length, targets.length);
  const columns = self
    ? [column("target", targets, model.source, height, "Words", follow)]
    : [
        column("source", sources, model.source, height, "Source", follow),
        column("target", targets, model.target, height, "Answer", follow),
      ];
  const lines = self ? arcs(weights, height) : straight(weights, sources.length, targets.length, height);
  const drawing = shape("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`,
    preserveAspectRatio: "none", // as wide as there is room, as high as the words stand
    "aria-hidden": "true",
  });
  drawing.append(...lines.map(({ path }) => path));
  const canvas = element("div", { class: "canvas" }, drawing);
  canvas.style.height = `${height}px`;
  canvas.style.marginTop = `${NAME_HEIGHT}px`;
  place.className = self ? "arcs" : "";
  place.replaceChildren(columns[0].box, canvas, ...columns.slice(1).map(({ box }) => box));
  keys(columns);
  return { follow: (side, i) => mark(place, columns, lines, side, i) };
}

function column(side, words, language, height, name, follow) {
  const list = element("ol", { class: `${side}s`, "aria-label": name });
  list.style.height = `${height}px`;
  const buttons = words.map(({ text, special }, i) =>
    element(
      "button",
      {
        type: "button",
        dir: "auto",
        class: special ? "word special" : "word",
        lang: special ? undefined : language,
        title: text,
        tabindex: i === 0 ? 0 : -1,
        onpointerenter: () => follow(side, i),
        onpointerleave: () => follow(null),
        onfocus: () => follow(side, i),
        onblur: () => follow(null),
        onclick: () => follow(side, i),
      },
      text,
    ),
  );
  list.append(...buttons.map((button) => element("li", {}, button)));
  const title = element("p", { class: `column-name ${side}s` }, name);
  title.style.height = `${NAME_HEIGHT - 4}px`;
  return { side, buttons, box: element("div", {}, title, list) };
}

/** Returns where word i of `count` stands: the first at the top, the last at the bottom. */
function heightOf(i, count, height) {
  return count === 1 ? height / 2 : ROW / 2 + (i * (height - ROW)) / (count - 1);
}

function straight(weights, sources, targets, height) {
  return all(weights, (row, columnIndex) => {
    const from = heightOf(row, targets, height);
    const to = heightOf(columnIndex, sources, height);
    return `M${WIDTH} ${from}C${0.6 * WIDTH} ${from} ${0.4 * WIDTH} ${to} 0 ${to}`;
  });
}

function arcs(weights, height) {
  const count = weights.length;
  return all(weights, (row, columnIndex) => {
    const from = heightOf(row, count, height);
    const to = heightOf(columnIndex, count, height);
    const reach = WIDTH * (0.2 + 1.1 * Math.min(1, Math.abs(from - to) / (FAR * ROW)));
    return `M0 ${from}C${reach} ${from} ${reach} ${to} 0 ${to}`;
  });
}

function all(weights, course) {
  const lines = [];
  weights.forEach((shares, target) =>
    shares.forEach((share, source) => {
      if (share < FAINTEST) return;
      const path = shape("path", {
        d: course(target, source),
        "stroke-width": (share * THICKEST).toFixed(2),
        "stroke-opacity": (0.25 + 0.6 * share).toFixed(2),
        "vector-effect": "non-scaling-stroke",
      });
      lines.push({ target, source, share, path });
    }),
  );
  return lines;
}

/** Marks a word, its lines, and the words at their other ends. */
function mark(place, columns, lines, side, i) {
  place.classList.toggle("following", side !== null);
  const others = new Set();
  for (const line of lines) {
    const on = side !== null && line[side] === i;
    line.path.classList.toggle("on", on);
    if (on && line.share >= 0.1) others.add(side === "target" ? line.source : line.target);
  }
  for (const column of columns) {
    column.buttons.forEach((button, k) => {
      const here = column.side === side && k === i;
      const there = side !== null && others.has(k) && (column.side !== side || columns.length === 1);
      button.classList.toggle("on", here || there);
    });
  }
}

/** Arrow keys go from word to word and from column to column; Tab enters and leaves a column. */
function keys(columns) {
  columns.forEach(({ buttons }, c) =>
    buttons.forEach((button, i) =>
      button.addEventListener("keydown", (event) => {
        const there = {
          ArrowUp: () => buttons[i - 1],
          ArrowDown: () => buttons[i + 1],
          Home: () => buttons[0],
          End: () => buttons.at(-1),
          ArrowLeft: () => nearest(columns[c - 1], i, buttons.length),
          ArrowRight: () => nearest(columns[c + 1], i, buttons.length),
        }[event.key]?.();
        if (!there) return;
        event.preventDefault();
        for (const one of columns.find((column) => column.buttons.includes(there)).buttons) one.tabIndex = -1;
        there.tabIndex = 0;
        there.focus();
      }),
    ),
  );
}

function nearest(column, i, count) {
  return column?.buttons[Math.round((i * (column.buttons.length - 1)) / Math.max(1, count - 1))];
}
