"""Error rates of a model from spelling to phonemes, and of other programs on the same words.

    zoo data cmudict --out data
    python -m benchmarks.pronunciation data --where g2p-en --beam 4 [--peers PYTHON] [--espeak] [--out FILE.json]
    python -m benchmarks.pronunciation data --where g2p-en --beam 4 --peers PYTHON --unknown-to cmudict-0.7b

PYTHON is an interpreter with the package `phonetisaurus` (0.3.0: Linux, x86-64), which trains its default 8-gram on the
same words. The scores are those of `zoo card`: see `zoo.presets.pronunciation`.

`--espeak` asks the program `espeak-ng` (voice en-us, rules and a dictionary of its own) and writes its IPA in ARPAbet.
The two do not divide reduced vowels alike, so all systems are scored a second time with AH and IH as one phoneme, and
AO and AA as one ("merged"). The stress is left out.

`--unknown-to FILE` asks g2p_en (PYTHON has it too) for the words of all splits that are not in FILE, the version 0.7b
of the dictionary, which g2p_en was trained on and looks words up in. The model named by `--where` was trained on most
of them, so its scores are those of the few that are in the splits `valid` and `test`.
"""

import argparse
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import zoo
from zoo.presets.pronunciation import pronunciation_scores, references_of
from zoo.processor import processor_name

# Programs that other interpreters run, see `asked`: `given` is what they are given, `answer` what they give back.
PHONETISAURUS = """
import os, time, phonetisaurus
began = time.perf_counter()
phonetisaurus.train({word: [phonemes.split()] for word, phonemes in given["train"]}, "model.fst")
answer = {"seconds": time.perf_counter() - began, "bytes": os.path.getsize("model.fst")}
found = phonetisaurus.predict(given["words"], "model.fst")
answer["phonemes"] = {word: " ".join(phonemes) for word, phonemes in found}
"""
# The dictionary, which NLTK would download, is left empty.
G2P_EN = """
import types, g2p_en.g2p as module
module.cmudict = types.SimpleNamespace(dict=dict)
model = module.G2p()
answer = {word: " ".join(model.predict(word)) for word in given}
"""

# The phonemes of espeak-ng's voice en-us, as `--ipa --sep=_` separates them.
ARPABET = {
    ipa: arpabet
    for pair in """p=P b=B t=T d=D k=K ɡ=G f=F v=V θ=TH ð=DH s=S z=Z ʃ=SH ʒ=ZH h=HH m=M n=N ŋ=NG l=L ɹ=R w=W j=Y tʃ=CH
    dʒ=JH ɾ=T ʔ=T x=K ç=HH ɬ=L æ=AE ɛ=EH ɪ=IH ᵻ=IH i=IY iː=IY ʊ=UH u=UW uː=UW ʌ=AH ə=AH ɐ=AH ɑ=AA ɑː=AA ɔ=AO ɔː=AO
    oː=AO o=OW oʊ=OW eɪ=EY aɪ=AY aʊ=AW ɔɪ=OY ɜː=ER ɚ=ER ɑːɹ=AA-R oːɹ=AO-R ɔːɹ=AO-R ʊɹ=UH-R ɪɹ=IH-R ɛɹ=EH-R aɪɚ=AY-ER
    aɪə=AY-AH iə=IY-AH əl=AH-L l̩=AH-L n̩=AH-N m̩=AH-M a=AE aː=AA e=EY ɜ=ER r=R ɑ̃=AA-N ɔ̃=AO-N""".split()
    for ipa, arpabet in [pair.split("=")]
}


def of_the_zoo(where: str, references: dict[str, list[str]], beam: zoo.Beam | None) -> dict[str, Any]:
    """Return the scores of a preset, run folder or artefact."""
    pipeline = zoo.load(where)
    began = time.perf_counter()
    outputs = [prediction.output for prediction in pipeline.predict(list(references), beam=beam)]
    seconds = time.perf_counter() - began
    return {"words_a_second": round(len(outputs) / seconds), **_scores(outputs, references)}


def asked(python: str, program: str, given: Any) -> Any:
    """Run a program in another interpreter, in a folder of its own, and return its `answer`."""
    read, write = (
        "import json\ngiven = json.load(open('given.json'))\n",
        "\njson.dump(answer, open('answer.json', 'w'))",
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "given.json").write_text(json.dumps(given), encoding="ascii")
        command = [python, "-c", f"{read}{program}{write}"]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return json.loads((Path(folder) / "answer.json").read_text(encoding="ascii"))


def of_phonetisaurus(python: str, data: Path, references: dict[str, list[str]]) -> dict[str, Any]:
    """Train Phonetisaurus on `train.tsv`, and return its scores, its size and the time of the training."""
    lines = (data / "train.tsv").read_text(encoding="utf-8").splitlines()
    given = {"train": [line.split("\t") for line in lines], "words": list(references)}
    result = asked(python, PHONETISAURUS, given)
    outputs = [result["phonemes"].get(word, "") for word in references]
    return {
        "megabytes": round(result["bytes"] / 1e6, 1),
        "minutes": round(result["seconds"] / 60, 1),
        **_scores(outputs, references),
    }


def of_espeak(references: dict[str, list[str]]) -> dict[str, Any]:
    """Return the scores of espeak-ng, which gives one pronunciation and is asked for each word alone."""
    command = ["espeak-ng", "-q", "--ipa", "--sep=_", "-v", "en-us", "--"]
    spoken = [subprocess.run([*command, word], check=True, capture_output=True, text=True) for word in references]
    found = _scores([arpabet_of(one.stdout) for one in spoken], references)
    return {name: score for name, score in found.items() if name.endswith(("unstressed", "merged"))}


def arpabet_of(ipa: str) -> str:
    """Return espeak-ng's IPA in ARPAbet without stress; as in CMUdict, no R follows an ER or another R."""
    separated = [one for one in re.sub("[ˈˌ]|\\(.*?\\)", "", ipa).replace("_", " ").split() if one not in {"ː", "-"}]
    if unknown := sorted({one for one in separated if one not in ARPABET}):
        raise SystemExit(f"No phoneme of ARPAbet is known for these of espeak-ng: {', '.join(unknown)}, in {ipa!r}.")
    return re.sub(r"\b(ER|R)( R)+\b", r"\1", " ".join(ARPABET[one] for one in separated).replace("-", " "))


def unknown_to(dictionary: Path, data: Path, splits: list[str]) -> dict[str, list[str]]:
    """Return the pronunciations of the words of the splits, letters alone, that are not in a file of CMUdict."""
    lines = dictionary.read_text(encoding="latin-1").splitlines()
    known = {re.sub(r"\(\d\)$", "", line.split()[0]).lower() for line in lines if line and not line.startswith(";;;")}
    references = {}
    for split in splits:
        name = f"{split}.tsv" if split == "train" else f"{split}.all.tsv"
        corpus = zoo.read_corpus(data / name, task="translation")
        references |= references_of(corpus.sources, corpus.targets)
    return {word: found for word, found in references.items() if word not in known and re.fullmatch("[a-z]+", word)}


def _merged(phonemes: str) -> str:
    return phonemes.translate(str.maketrans("", "", "012")).replace("IH", "AH").replace("AO", "AA")


def _scores(outputs: list[str], references: dict[str, list[str]]) -> dict[str, Any]:
    found = pronunciation_scores(outputs, list(references.values()))
    merged = [[_merged(one) for one in some] for some in references.values()]
    alike = pronunciation_scores([_merged(output) for output in outputs], merged)
    found |= {
        "word_error_merged": alike["word_error_unstressed"],
        "phoneme_error_merged": alike["phoneme_error_unstressed"],
    }
    return {name: [score[part] for part in ("score", "low", "high")] for name, score in found.items()}


def main() -> None:
    """Print the scores of all systems."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--where", default="g2p-en")
    parser.add_argument("--split", default="test", choices=["valid", "test"])
    parser.add_argument("--beam", type=int)
    parser.add_argument("--length-penalty", type=float, default=1.0)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--espeak", action="store_true")
    parser.add_argument("--unknown-to", metavar="FILE", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.unknown_to and not options.peers:
        parser.error("--unknown-to needs --peers, an interpreter with g2p_en.")
    if options.espeak and not shutil.which("espeak-ng"):
        parser.error("--espeak needs the program espeak-ng.")
    beam = zoo.Beam(options.beam, length_penalty=options.length_penalty) if options.beam else None
    results: dict[str, Any] = {"processor": processor_name()}
    if options.unknown_to:
        everywhere = unknown_to(options.unknown_to, options.data, ["train", "valid", "test"])
        unseen = unknown_to(options.unknown_to, options.data, ["valid", "test"])
        phonemes = asked(options.peers, G2P_EN, list(everywhere))  # by the network, without its dictionary
        for name, some in {"g2p_en": everywhere, "g2p_en, unseen by both": unseen}.items():
            results[name] = {"words": len(some), **_scores([phonemes[word] for word in some], some)}
        results[f"{options.where}, unseen by both"] = of_the_zoo(options.where, unseen, beam)
    else:
        corpus = zoo.read_corpus(options.data / f"{options.split}.all.tsv", task="translation")
        references = references_of(corpus.sources, corpus.targets)
        results["words"] = len(references)
        results[options.where] = of_the_zoo(options.where, references, beam)
        if options.peers:
            results["phonetisaurus"] = of_phonetisaurus(options.peers, options.data, references)
        if options.espeak:
            results["espeak-ng"] = of_espeak(references)
    for name, result in results.items():
        print(name, json.dumps(result))
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
