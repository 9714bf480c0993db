// Reads {texts, ids} from standard input; writes the ids of the texts, and the texts of the ids, by a site's vocabulary.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [site, side] = process.argv.slice(2);
const { Vocabulary } = await import(pathToFileURL(`${site}/js/vocabulary.js`));
const read = (name) => readFileSync(`${site}/${name}`);
const charsmap = side === "source" ? Uint8Array.from(read("source.charsmap")).buffer : null;
const vocabulary = new Vocabulary(JSON.parse(read(`${side}.json`)), charsmap);
const { texts, ids } = JSON.parse(readFileSync(0, "utf8"));
const answer = { encoded: texts.map((one) => vocabulary.encode(one)), decoded: ids.map((one) => vocabulary.decode(one)) };
process.stdout.write(JSON.stringify(answer));
