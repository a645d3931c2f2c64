"""The loop that every recipe shares: the same run however often it is cut, and only what is named learns."""

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.training.errors import TrainingError
from models.training.keeping import read_checkpoint, write_checkpoint
from models.training.loop import (
    BEST_FILE,
    CHECKPOINT_FILE,
    History,
    LoopSettings,
    load_best,
    read_run,
    run,
)
from tests.models.training.toy_lesson import SETTINGS, ToyLesson

ROOT = Path(__file__).parents[3]


def finished(folder, lesson=None, settings=SETTINGS):
    lesson = lesson or ToyLesson()
    return lesson, list(run(lesson, settings, folder))


def test_a_run_that_is_killed_again_and_again_has_the_losses_of_one_that_is_not(tmp_path):
    finished(tmp_path / "whole")
    killed = 0
    for stop in (5, 11, 18, 29):
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.models.training.toy_lesson", tmp_path / "cut", str(stop)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in program.stdout:
            if int(line) >= stop:
                program.send_signal(signal.SIGKILL)
                break
        program.stdin.close()
        program.stdout.close()
        killed += program.wait() == -signal.SIGKILL
    assert killed == 4
    _, told = finished(tmp_path / "cut")
    assert told[0].step < 40
    whole, cut = History.read(tmp_path / "whole"), History.read(tmp_path / "cut")
    assert len(whole.losses) == 40
    assert cut == whole
    ours, theirs = load_file(tmp_path / "cut" / BEST_FILE), load_file(tmp_path / "whole" / BEST_FILE)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


def test_what_is_frozen_stays_and_the_rest_moves(tmp_path):
    before = {k: v.clone() for k, v in ToyLesson().generator.state_dict().items()}
    lesson, _ = finished(tmp_path)
    moved = {k for k, v in lesson.generator.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == before.keys() - {"0.weight", "0.bias"}


def test_each_turn_moves_its_own_parameters_only(tmp_path):
    lesson = ToyLesson()
    turns = ToyLesson.turns.fget(lesson)

    class OneTurn(ToyLesson):
        turns = property(lambda self: ToyLesson.turns.fget(self)[1:])

    alone = OneTurn()
    before = {k: v.clone() for k, v in alone.generator.named_parameters()}
    finished(tmp_path, alone)
    assert all(torch.equal(v, before[k]) for k, v in alone.generator.named_parameters())
    assert [turn.name for turn in turns] == ["generator", "critic"]


def test_a_batch_in_pieces_is_the_same_step(tmp_path):
    class Plain(ToyLesson):
        """Without what depends on the batch's size."""

        def play(self, batch):
            self.generator.eval()
            x, y = batch
            return {"line": torch.nn.functional.mse_loss(self.generator(x), y)}

        turns = property(lambda self: ToyLesson.turns.fget(self)[:1])

    class Whole(Plain):
        def batch(self, step, piece):
            if step == 10**6:
                return super().batch(step, 0)
            halves = [super(Whole, self).batch(step, piece) for piece in range(2)]
            return tuple(torch.cat(parts) for parts in zip(*halves, strict=True))

    in_pieces, _ = finished(tmp_path / "pieces", Plain(), dataclasses.replace(SETTINGS, pieces=2))
    whole, _ = finished(tmp_path / "whole", Whole())
    assert in_pieces.drawn[:2] == [(0, 0), (0, 1)]
    for ours, theirs in zip(in_pieces.generator.parameters(), whole.generator.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_it_ends_early_and_keeps_the_best(tmp_path):
    settings = dataclasses.replace(SETTINGS, patience=2)
    lesson = ToyLesson(validation=[3.0, 1.0, 2.0, 2.0, 0.5])
    _, told = finished(tmp_path, lesson, dataclasses.replace(settings, steps=400))
    assert told[-1].step == 40
    assert [p.best for p in told if p.figures] == [True, True, False, False]
    assert load_best(ToyLesson(), tmp_path) == 20


def test_the_best_weights_are_the_averaged_ones(tmp_path):
    lesson, _ = finished(tmp_path)
    averaged = ToyLesson()
    load_best(averaged, tmp_path)
    assert not torch.equal(averaged.generator[4].weight, lesson.generator[4].weight)
    best = min(figures["error"] for figures in History.read(tmp_path).figures)
    assert averaged.validate()["error"] == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize(
    ("lesson", "settings", "named"),
    [
        (ToyLesson(rate=2e-2), SETTINGS, "rate"),
        (ToyLesson(), dataclasses.replace(SETTINGS, seed=6), "seed"),
        (ToyLesson(), dataclasses.replace(SETTINGS, steps=50), "steps"),
    ],
)
def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path, lesson, settings, named):
    finished(tmp_path)
    with pytest.raises(TrainingError, match=rf"other settings \({named}\)"):
        finished(tmp_path, lesson, settings)


def test_how_often_it_is_kept_makes_no_other_run(tmp_path):
    finished(tmp_path)
    assert finished(tmp_path, settings=dataclasses.replace(SETTINGS, checkpoint_every=7))[1] == []


def test_a_run_that_is_older_than_a_setting_goes_on(tmp_path):
    for progress in run(ToyLesson(), SETTINGS, tmp_path / "cut"):
        if progress.step == 9:
            break
    path = tmp_path / "cut" / CHECKPOINT_FILE
    saved = read_checkpoint(path)
    told = json.loads(saved["run"])
    del told["settings"]["cycles"]
    write_checkpoint(path, {**saved, "run": json.dumps(told, sort_keys=True)})
    finished(tmp_path / "cut")
    finished(tmp_path / "whole")
    assert History.read(tmp_path / "cut") == History.read(tmp_path / "whole")
    cycles = dataclasses.replace(SETTINGS, cycles=((20, 1.0), (20, 0.5)))
    with pytest.raises(TrainingError, match=r"other settings \(cycles\)"):
        finished(tmp_path / "cut", settings=cycles)


def test_a_checkpoint_of_another_program_is_told_and_left(tmp_path):
    assert read_run(tmp_path / "none") is None
    write_checkpoint(tmp_path / CHECKPOINT_FILE, {"model": {}, "step": 3, "recipe": "{}"})
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    with pytest.raises(TrainingError, match="holds a run of an earlier version of the program"):
        finished(tmp_path)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_damage_and_no_numbers_are_told(tmp_path):
    with pytest.raises(TrainingError, match=r"is nan at step|is inf at step"):
        finished(tmp_path / "a", ToyLesson(rate=1e30))
    finished(tmp_path / "b")
    (tmp_path / "b" / CHECKPOINT_FILE).write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match="no checkpoint that can be read"):
        finished(tmp_path / "b")
    (tmp_path / "b" / BEST_FILE).write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match="holds no trained weights"):
        load_best(ToyLesson(), tmp_path / "b")
    finished(tmp_path / "c", ToyLesson(width=9))
    with pytest.raises(TrainingError, match="of another recipe"):
        load_best(ToyLesson(), tmp_path / "c")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_is_a_sentence_and_the_run_goes_on_when_there_is_room(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        filler = small / "filler"
        for progress in run(ToyLesson(), SETTINGS, small):
            if progress.step == 7:
                break
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(512)):
                pass
        with pytest.raises(TrainingError, match=r"cannot be written .*: check its disk"):
            list(run(ToyLesson(), SETTINGS, small))
        assert not list(small.glob("*.part"))
        filler.unlink()
        list(run(ToyLesson(), SETTINGS, small))
        finished(tmp_path / "whole")
        assert History.read(small) == History.read(tmp_path / "whole")
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_rates_rise_and_fall():
    settings = LoopSettings(steps=100, warmup=10)
    rates = [settings.rate_at(step) for step in range(100)]
    assert rates[0] == 0.1
    assert rates[9] == rates[10] == 1.0
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))
    assert 0 < rates[-1] < 1e-3
    cycles = LoopSettings(steps=150, warmup=10, cycles=((100, 1.0), (50, 0.5)))
    assert [cycles.rate_at(step) for step in range(100)] == rates
    assert cycles.rate_at(100) == 0.05
    assert cycles.rate_at(109) == max(cycles.rate_at(step) for step in range(100, 150)) == 0.5
    assert cycles.rate_at(149) < 1e-3
    with pytest.raises(ValueError, match="have 150 steps, not 149"):
        dataclasses.replace(cycles, steps=149)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TrainingError, match="no CUDA device"):
        list(run(ToyLesson(), SETTINGS, tmp_path, device="cuda"))


def test_bfloat16_gives_nearly_the_same_first_loss(tmp_path):
    wanted = finished(tmp_path / "a")[1][0].losses["line"]
    got = finished(tmp_path / "b", settings=dataclasses.replace(SETTINGS, precision="bf16"))[1][0].losses[
        "line"
    ]
    assert got != wanted
    assert got == pytest.approx(wanted, rel=0.02)
