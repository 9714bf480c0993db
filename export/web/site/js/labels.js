// What things are called: by the task, and by the languages where they are known.

import { byId } from "./dom.js";

const TEXTS = {
  translation: { input: "Text", output: "Translation" },
  classification: { input: "Text", output: "Label" },
  language_model: { input: "Beginning of a text", output: "How it goes on" },
};

const ABOUT =
  "The model runs in this page, by LiteRT.js, with the arithmetic and the answers it has in Python. " +
  "The page keeps nothing and sends nothing.";

/** Returns the languages of both sides, undefined where they are not known. */
export function languagesOf({ languages }) {
  return { source: languages?.source, target: languages?.target };
}

/** Writes the names of a site into the page. */
export function describe(site) {
  const { source, target } = languagesOf(site);
  const { input, output } = TEXTS[site.task];
  byId("text-label").textContent = source ? languageName(source) : input;
  byId("output-label").textContent = target ? languageName(target) : output;
  if (source) byId("text").lang = source;
  if (target) byId("output").lang = target;
  byId("search").hidden = site.task !== "translation";
  byId("beam-label").textContent = `Beam of ${site.beam_width}`;
  byId("about").textContent = ABOUT;
}

function languageName(code) {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(code);
}
