from zoo.training.run.progress import ShowProgress


def progress(every, first_step=0):
    show = ShowProgress(2, 3, first_step=first_step, every=every)
    show.on_train_begin()
    for epoch in range(2):
        show.on_epoch_begin(epoch)
        for batch in range(3 - (0 if epoch else first_step)):
            show.on_train_batch_end(batch, {"loss": 1.0 / (batch + 1)})
        show.on_epoch_end(epoch, {"loss": 0.5, "val_accuracy": 0.25})
    show.on_train_end()


def test_progress_is_on_standard_error_alone(capsys):
    progress(every=3600)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.splitlines() == [f"epoch {k}/2  loss 0.5000  val_accuracy 0.2500" for k in (1, 2)]


def test_a_slow_epoch_shows_batches(capsys):
    progress(every=0)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "epoch 1/2  batch 2/3  loss 0.5000" in seen.err.splitlines()


def test_a_run_that_goes_on_inside_an_epoch_shows_where_it_is(capsys):
    progress(every=0, first_step=2)
    lines = [line.split("  ")[:2] for line in capsys.readouterr().err.splitlines() if "batch" in line]
    assert lines == [["epoch 1/2", "batch 3/3"], *(["epoch 2/2", f"batch {i}/3"] for i in (1, 2, 3))]


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # by which rich takes standard error for a terminal
    monkeypatch.setenv("COLUMNS", "100")
    progress(every=0)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "epoch 2/2" in seen.err and "━" in seen.err and "batch 2/3" not in seen.err
