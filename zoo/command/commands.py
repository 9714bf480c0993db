"""What each command does: it calls the library and prints what came of it."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from zoo.catalog import CATALOG
from zoo.command.beam_options import beam_of
from zoo.command.console import end_silently, import_tensorflow, native_silence
from zoo.command.train_options import MODEL_OPTIONS
from zoo.errors import CallError
from zoo.export.formats import exporter, format_options

RUN_FOLDER = "run"  # under the --out of `zoo demo`


def say(text: str) -> None:
    """Print progress: on standard error, so that standard output holds the answer alone."""
    print(text, file=sys.stderr, flush=True)


def print_json(content: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(content, ensure_ascii=False, indent=2))


def list_models(options) -> None:
    """Run `zoo list`."""
    from zoo.presets import PRESETS_FOLDER, preset_names
    from zoo.run_folder import read_config
    from zoo.training.recipe import read_recipe, recipe_names

    by_name = {entry.name: entry for entry in CATALOG}
    models = [entry._asdict() for entry in CATALOG]
    presets = []
    for name in preset_names():
        entry = by_name[read_config(PRESETS_FOLDER / name).model]
        presets.append({**entry._asdict(), "name": name, "model": entry.name})
    recipes = [read_recipe(name) for name in recipe_names()]
    if options.json:
        about = [{"name": one.name, "model": one.model, "description": one.description} for one in recipes]
        return print_json({"models": models, "presets": presets, "recipes": about})
    for title, entries in (("models", models), ("presets", presets)):
        print(f"{title}:")
        for one in entries:
            print(f"  {one['name']:<22} {one['task']:<15} {one['equation']}\n  {'':<22} {'':<15} {one['paper']}")
        if not entries:
            print("  none")
    print("recipes:")
    for recipe in recipes:
        print(f"  {recipe.name}\n  {'':<22} {recipe.description}")


def data(options) -> None:
    """Run `zoo data`."""
    from zoo.training.data.download import download

    path = download(options.name, options.out, force=options.force)
    files = sorted(file.name for file in path.iterdir())
    if options.json:
        return print_json({"path": str(path), "files": files})
    print(f"{path}: {', '.join(files)}")


def train(options) -> None:
    """Run `zoo train`."""
    flags = ("force", "json")
    given = {name: value for name, value in vars(options).items() if value is not None and (value or name not in flags)}
    chosen = sorted(set(given) - {"command", "function", "json", "resume"})
    if options.resume:
        if chosen:
            raise CallError(f"--resume takes no other option: the run knows them. Received: {', '.join(chosen)}.")
        import_tensorflow()
        from zoo.training.fit import resume

        run = resume(options.resume)
    else:
        run = _train_anew(options, given)
    metrics = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    if options.json:
        return print_json({"run": str(run.path), **metrics})
    print(f"{run.path}: epoch {metrics['best_epoch']} of {metrics['epochs']} was the best, "
          f"validation accuracy {metrics['val_accuracy']:.4f}, loss {metrics['val_loss']:.4f}")  # fmt: skip
    print(f'Next: zoo predict {run.path} "..."')


def _train_anew(options, given):
    from zoo.catalog import find
    from zoo.training.recipe import Recipe, read_recipe

    if not options.model and not options.recipe:
        raise CallError("Which MODEL? See `zoo list`. Or --recipe NAME; or --resume RUN, to go on with a stopped run.")
    recipe = read_recipe(options.recipe) if options.recipe else Recipe("", options.model)
    model = find(options.model or recipe.model).name
    given = {**recipe.data, **given}
    missing = [f"--{name}" for name in ("train", "valid", "out") if name not in given]
    if missing:
        raise CallError(f"zoo train needs {', '.join(missing)}.")
    import_tensorflow()
    from zoo.training.fit import train as train_model
    from zoo.training.settings import Settings

    model_options, settings = recipe.settled(
        {name: given[name] for name in MODEL_OPTIONS if name in given},
        {one.name: given[one.name] for one in fields(Settings) if one.name in given},
    )
    return train_model(
        model,
        **{name: given[name] for name in ("train", "valid", "out")},
        options=model_options,
        settings=settings,
        recipe=options.recipe,
        force=options.force,
    )


def how_to_go_on(options) -> str:
    """Return what to type after Ctrl-C, if a run can be continued."""
    command = getattr(options, "command", "")
    run = None
    if command == "train":
        run = options.resume or options.out
    elif command == "demo":
        run = Path(options.out) / RUN_FOLDER
    if not run or not (Path(run) / "config.json").is_file():
        return ""
    from zoo.run_folder import resume_command

    return f" Go on with: {resume_command(run)}"


def predict(options) -> None:
    """Run `zoo predict`."""
    if options.attention:
        from zoo.plot import check_picture

        check_picture(options.attention)
    beam = beam_of(options)
    predictor = _load(options.where)
    texts = [_checked(text, i) for i, text in enumerate(options.texts)] if options.texts else _lines()
    predictions = predictor.predict(texts, beam=beam)
    if options.attention:
        _draw(options, predictor, texts, beam)
    for i, prediction in enumerate(predictions):
        if prediction.truncated:
            say(f"warning: input {i + 1} is too long; only its beginning was read")
    if options.json:
        return print_json([prediction.as_json() for prediction in predictions])
    for prediction in predictions:
        if not prediction.alternatives:
            print(prediction.output.replace("\n", " "))
        for one in prediction.alternatives:
            print(f"{one.score:.4f}\t{one.output}".replace("\n", " "))


def _load(where):
    from zoo.export.load import load

    with native_silence():
        return load(where)


def _draw(options, predictor, texts, beam):
    from zoo.plot import draw_attention

    if not texts:
        raise CallError("--attention needs a text.")
    explained = predictor.explain(texts[0], beam=beam)
    if explained.attention is None:
        raise CallError(f"{options.where} holds a model that does not attend; there is nothing to draw.")
    if not explained.target_pieces:
        raise CallError("The answer is empty; there is nothing to draw.")
    draw_attention(options.attention, explained.attention, explained.source_pieces, explained.target_pieces)
    say(f"attention of the first text: {options.attention}")


def _checked(text: str, i: int) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CallError(f"Input {i + 1} is not UTF-8.") from error
    return text


def _lines() -> list[str]:
    """Return the lines of standard input."""
    raw = sys.stdin.buffer.read()
    lines = raw.removesuffix(b"\n").split(b"\n") if raw else []
    texts = []
    for i, line in enumerate(lines):
        try:
            texts.append(line.removesuffix(b"\r").decode("utf-8"))
        except UnicodeDecodeError as error:
            raise CallError(f"Standard input, line {i + 1}: not UTF-8 ({error.reason}).") from error
    return texts


def evaluate(options) -> None:
    """Run `zoo evaluate`."""
    from zoo.training.data.corpora import read_corpus
    from zoo.training.evaluate import evaluate as score

    beam = beam_of(options)
    predictor = _load(options.where)
    scores = score(predictor, read_corpus(options.data, task=predictor.task, split="test"), beam=beam)
    if cut := scores.get("truncated"):
        say(f"warning: {cut:,} of {scores['count']:,} texts are too long; only their beginnings were read")
    if options.json:
        return print_json(scores)
    for name, value in scores.items():
        print(f"{name:<12} {value:.4f}" if isinstance(value, float) else f"{name:<12} {value}")


def export(options) -> None:
    """Run `zoo export`."""
    from zoo.atomic_files import check_free
    from zoo.run_folder import load_run

    more = format_options(options)
    if options.to != "serving":  # which adds a version to what is there
        check_free(Path(options.out), options.force)
    end_silently()
    import_tensorflow()
    report = export_run(load_run(options.run), options.to, options.out, force=options.force, **more)
    if options.json:
        return print_json(report)
    parity = report["parity"]
    print(f"{report['path']}: {report['bytes']:,} bytes, "
          f"{parity['identical']} of {parity['compared']} answers as Keras gives them")  # fmt: skip
    if "quantize" in parity:
        print(f"{parity['measure']} {parity['score']}, in float32 {parity['float32_score']}, "
              f"on {parity['scored']} validation samples; {parity['float32_bytes']:,} bytes in float32")  # fmt: skip
    if options.to == "web":
        print(f"Next: python -m http.server --directory {report['path']}")
    else:
        print(f'Next: zoo predict {report["path"]} "..."')


def export_run(run, to: str, out, *, force: bool = False, **more: Any) -> dict[str, Any]:
    """Export a run to a format, with `more` options of that format, without what TensorFlow and LiteRT say to it."""
    with native_silence():
        return exporter(to)(run, out, force=force, **more)


def inspect(options) -> None:
    """Run `zoo inspect`."""
    from zoo.export.inspection import as_text
    from zoo.export.inspection import inspect as look

    with native_silence():
        report = look(options.where)
    if options.json:
        return print_json(report)
    print(as_text(report))


def demo(options) -> None:
    """Run `zoo demo`."""
    from zoo.command.demo import run_demo

    import_tensorflow()
    report = run_demo(options.out, force=options.force)
    if options.json:
        print_json(report)
