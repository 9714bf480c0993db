// The page: loads the model, listens to what is typed, shows the answers.

import { AttentionView } from "./attention.js";
import { byId } from "./dom.js";
import { showBeam, showFacts, showLabels } from "./answers.js";
import { describe, languagesOf } from "./labels.js";
import { Predictor } from "./predictor.js";
import { loadRuntime } from "./runtime.js";
import { Vocabulary } from "./vocabulary.js";

const PAUSE = 250; // milliseconds without a key before an answer is made

async function load() {
  const site = await json("site.json");
  describe(site);
  const [source, charsmap, target, run] = await Promise.all([
    json("source.json"),
    bytes("source.charsmap"),
    site.task === "translation" ? json("target.json") : null,
    loadRuntime(site, progress),
  ]);
  const read = new Vocabulary(source, charsmap);
  return { site, predictor: new Predictor(site, { source: read, target: target ? new Vocabulary(target) : read }, run) };
}

async function fetched(url) {
  const response = await fetch(url, { cache: "no-cache" }); // see runtime.js
  if (!response.ok) throw new Error(`Could not load ${url}: ${response.status} ${response.statusText}`);
  return response;
}

const json = async (url) => (await fetched(url)).json();
const bytes = async (url) => (await fetched(url)).arrayBuffer();

let announced = 0;

function progress(done, all) {
  byId("progress").value = done / all;
  const now = Date.now();
  if (now - announced < 1000 && done < all) return; // a screen reader need not hear every step
  announced = now;
  const megabytes = (count) => (count / 1e6).toFixed(1);
  byId("status").textContent =
    done < all ? `Loading the model: ${megabytes(done)} of ${megabytes(all)} MB.` : "Preparing the model.";
}

/** Connects the form with the predictor. */
function connect(site, predictor) {
  const view = new AttentionView(languagesOf(site));
  const beam = () => byId("form").elements.search.value === "beam";
  let timer = 0;
  let newest = 0;

  async function answer() {
    const asked = (newest += 1);
    const text = byId("text").value;
    const began = performance.now();
    const options = { beam: beam(), lengthPenalty: Number(byId("penalty").value) || 0 };
    const answers = await predictor.answer(text, options);
    if (asked !== newest) return; // more has been typed
    byId("error").textContent = "";
    showFacts(site, answers[0], performance.now() - began);
    showBeam(options.beam && text.trim() ? answers : [], (one) => view.show(one));
    showLabels(site, text.trim() ? answers[0] : null);
    view.show(text.trim() ? answers[0] : null);
    byId("output").dataset.input = text;
    byId("output").dataset.search = options.beam ? "beam" : "greedy";
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => answer().catch(fail), PAUSE);
  };
  byId("text").addEventListener("input", soon);
  byId("penalty").addEventListener("input", soon);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("change", () => {
    byId("penalty-field").hidden = !beam();
    soon();
  });
  byId("text").disabled = false;
  const given = () => new URLSearchParams(location.hash.slice(1)).get("text");
  if (given() && !byId("text").value) byId("text").value = given();
  if (byId("text").value) soon();
  addEventListener("hashchange", () => {
    if (given() === null) return;
    byId("text").value = given();
    soon();
  });
}

function fail(error) {
  console.error(error);
  byId("loading").hidden = true;
  byId("error").textContent = error.message;
}

try {
  const began = performance.now();
  const { site, predictor } = await load();
  connect(site, predictor);
  byId("loading").hidden = true;
  byId("hint").dataset.loaded = Math.round(performance.now() - began);
  globalThis.zoo = { answer: (text, options) => predictor.answer(text, options) }; // for pages that embed this one
} catch (error) {
  fail(error);
}
