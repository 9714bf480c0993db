// Fetches LiteRT.js and the model, and runs signatures of a fixed shape.

/** Something could not be fetched or run; the message is for the reader of the page. */
export class RuntimeError extends Error {}

/**
 * Loads LiteRT.js and the model.
 *
 * @param {object} site what `site.json` holds.
 * @param {(done: number, all: number) => void} progress told how many bytes have come, of how many.
 * @returns {Promise<(name: string, inputs: object) => Promise<object>>} runs the signature of a name: typed arrays with
 *   their shapes in, typed arrays out, by name.
 */
export async function loadRuntime(site, progress) {
  if (typeof WebAssembly === "undefined") throw new RuntimeError("This browser has no WebAssembly.");
  const litert = await import("@litertjs/core").catch((error) => {
    throw new RuntimeError(`Could not load LiteRT.js: ${error.message}`);
  });
  const files = [site.litert.script, site.litert.wasm, site.model_file];
  const all = files.reduce((sum, file) => sum + file.bytes, 0);
  const done = files.map(() => 0);
  const report = (i) => (bytes) => {
    done[i] = bytes;
    progress(done.reduce((a, b) => a + b), all);
  };
  const [script, wasm, model] = await Promise.all(files.map((file, i) => download(file, report(i))));
  await start(litert, script, wasm);
  const compiled = await litert.loadAndCompile(model, { accelerator: "wasm" });
  return (name, inputs) => run(litert, compiled.signatures[name], inputs);
}

/** Starts LiteRT.js from bytes that have been checked, rather than from an address that it would fetch unchecked. */
async function start(litert, script, wasm) {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  self.Module = { wasmBinary: wasm, printErr: (text) => console.debug(text) };
  try {
    await litert.loadLiteRt(`${address}#.js`); // it takes an address for a script only if it ends so
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * Fetches a file; a browser refuses one whose digest is not the `integrity` of it. The file of a page that was made anew
 * may be another than the browser has kept: it asks the server whether it is.
 */
async function download({ url, bytes, integrity }, progress) {
  const failed = (reason) => new RuntimeError(`Could not load ${url}: ${reason}`);
  const cache = url.startsWith("./") ? "no-cache" : "default";
  const response = await fetch(url, { integrity, cache }).catch((error) => {
    throw failed(error.message);
  });
  if (!response.ok) throw failed(`${response.status} ${response.statusText}`);
  const content = new Uint8Array(bytes);
  let length = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length > bytes) throw failed(`it is longer than ${bytes} bytes.`);
    content.set(value, length);
    length += value.length;
    progress(length);
  }
  if (length !== bytes) throw failed(`only ${length} of ${bytes} bytes came.`);
  return content;
}

async function run(litert, signature, inputs) {
  const given = Object.entries(inputs).map(([name, [data, shape]]) => [name, new litert.Tensor(data, shape)]);
  const answers = await signature.run(Object.fromEntries(given));
  const copies = Object.entries(answers).map(([name, tensor]) => [name, tensor.toTypedArray().slice()]);
  for (const tensor of [...given.map(([, tensor]) => tensor), ...Object.values(answers)]) tensor.delete();
  return Object.fromEntries(copies);
}
