"""``sketch-app evaluate`` from end to end, with the weights that come with the program, on tiny stand-ins of
the published data sets.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from models.embedded import embedded_weights
from models.evaluation import bootstrap_interval, held_back, query_picture
from models.metrics import average_precision, rank_relevance
from models.retrieval.benchmarks import open_benchmarks
from models.training.dataset import SketchPhotoData, Split, make_split
from models.training.layouts import open_sketches_and_photos
from models.training.sketch_photo_split import SketchPhotoSplit
from sketch_app.benchmark_run import Taught, chosen_signals, run_benchmark, taught_classes
from sketch_app.errors import SketchAppError
from sketch_app.evaluation_report import print_result, results_as_dict, write_report
from sketch_app.evaluation_statements import not_comparable, seen_label
from sketch_app.fusion import Calibration, FusionWeights
from sketch_app.model_sets import embedded_set
from sketch_app.signal_measurement import compare_signals, measure_signals
from tests.models.made_data import make_data
from tests.models.retrieval.made_layouts import (
    make_class_folders,
    make_quickdraw,
    make_sketchy,
    make_tuberlin,
    photo,
    unseen,
)
from tests.sketch_app.test_cli import refused, sketch_app
from tests.support.turned_encoder import write_turned_encoder

CALIBRATION = Calibration(FusionWeights(class_=0.6), note="made for this test")


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def split(folder):
    file = folder.parent / "split.json"
    make_split(SketchPhotoData.open(folder)).save(file)
    return file


def run(models, benchmark, rows=("sketch", "class", "fused"), rounds=200, taught=None):
    return run_benchmark(
        models, benchmark, CALIBRATION, rows=rows, rounds=rounds, taught=taught, progress=quiet
    )


@pytest.fixture(scope="module")
def held(models, folder, split):
    (benchmark,) = open_benchmarks(folder, split=Split.load(split))
    return run(models, benchmark, rounds=2000, taught=taught_classes(models))


def test_the_figures_are_those_of_the_signals_as_they_were_always_measured(models, folder, split, held):
    data = SketchPhotoData.open(folder)
    scores = measure_signals(models, data, *held_back(data, Split.load(split)), quiet)
    before = {row.name: row for row in compare_signals(scores, CALIBRATION.weights)}
    for row in held.rows:
        for measure, value in before[row.name].figures.as_dict().items():
            if measure not in ("queries", "gallery"):
                assert row.figures[measure].value == pytest.approx(value), (row.name, measure)
        estimate = row.figures["map_all"]
        assert (estimate.low, estimate.high) == pytest.approx(before[row.name].interval_map)
    gain = held.rows[-1].gain["map_all"]
    assert (gain.value, gain.low, gain.high) == pytest.approx(before["fused"].gain)


def test_the_report_holds_tables_pictures_classes_and_figures(held, tmp_path):
    write_report(tmp_path / "report", [held])
    figures = json.loads((tmp_path / "report" / "figures.json").read_text())
    stored = figures["held-back sketches"]
    assert figures["weights"]["note"] == "made for this test"
    assert stored["hit_5"] == 1.0  # the shipped weights know a cat and a cup
    assert set(stored["signals"]) == {"sketch", "class", "fused"}
    assert stored["signals"]["fused"]["acc_5"]["queries"] == 4
    (cat, _) = stored["per_class"]
    assert (cat["class_name"], cat["queries"], cat["relevant"]) == ("cat", 2, 5)
    assert cat["signals"]["sketch"]["hit_5"] == 1.0
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| cat | 2 | 5 |" in text
    assert "Taken for another at the first place" in text
    for signal in ("sketch", "class", "fused"):
        name = f"held-back-sketches-{signal}.png"
        assert f"({name})" in text
        with Image.open(tmp_path / "report" / name) as sheet:
            pixels = np.asarray(sheet)
        assert pixels.shape[1] > 11 * 160  # the drawing and ten answers
        green = (pixels == (38, 140, 80)).all(2)
        assert green.sum() > 4 * 160  # right answers are framed


def test_a_place_that_cannot_be_written_is_a_sentence(held, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SketchAppError, match="file"):
        write_report(tmp_path / "file", [held])


def test_signals_are_chosen_by_name_and_refused_where_there_are_none(models):
    assert chosen_signals(None, models) == ("sketch", "generated", "class", "fused")
    models = replace(models, generator=None)
    assert chosen_signals(None, models) == ("sketch", "class", "fused")
    assert chosen_signals("fused,sketch", models) == ("sketch", "fused")
    with pytest.raises(SketchAppError, match="“magic”: choose among sketch, generated, class, fused"):
        chosen_signals("sketch,magic", models)
    with pytest.raises(SketchAppError, match="“embedded” has nothing that gives the signal “generated”"):
        chosen_signals("generated", models)


class Painter:
    """A generator that paints every sketch as itself, in grey."""

    def generate(self, sketch, prompt, **_):
        return np.repeat(sketch[:, :, None], 3, axis=2)


def test_a_set_with_a_generator_gets_one_column_more(models, folder, split):
    (benchmark,) = open_benchmarks(folder, split=Split.load(split))
    painting = replace(models, generator=Painter(), imagined=models.photos)
    rows = chosen_signals(None, painting)
    assert rows == ("sketch", "generated", "class", "fused")
    result = run(painting, benchmark.limited(2), rows)
    assert [row.name for row in result.rows] == list(rows)
    vectors = models.photos.encode_photos([benchmark.data.photo_files.rgb(p.name) for p in benchmark.gallery])
    drawn = [query_picture(benchmark.data, q) for q in result.benchmark.queries]
    painted = models.photos.encode_photos([np.repeat(d[:, :, None], 3, axis=2) for d in drawn])
    right = rank_relevance(painted @ vectors.T, result.labels.query_class, result.labels.photo_class)
    found = next(row for row in result.rows if row.name == "generated")
    assert found.figures["map_all"].value == pytest.approx(average_precision(right).mean(), abs=0.02)


def test_sketches_that_lie_in_the_imagined_pictures_space_are_compared_there(models, folder, split, held):
    """The embedded towers under another name: the same figures, with that name beside them."""

    class Elsewhere:
        model_id = "elsewhere"

        def encode_photos(self, photos):
            return -models.photos.encode_photos(photos)

        def encode_sketches(self, sketches):
            return -models.photos.encode_sketches(sketches)

    (benchmark,) = open_benchmarks(folder, split=Split.load(split))
    there = replace(models, imagined=Elsewhere(), sketches=Elsewhere())
    result = run(there, benchmark, ("sketch", "class"))
    assert result.models == {"sketch": "elsewhere", "class": models.photos.model_id}
    for row, before in zip(result.rows, held.rows, strict=False):
        assert row.figures["map_all"].value == pytest.approx(before.figures["map_all"].value)
    assert taught_classes(there) is None


def test_intervals_are_over_the_queries(held):
    values = held.rows[0].answers.of("precision_10")
    found = held.rows[0].figures["precision_10"]
    assert (found.low, found.high) == pytest.approx(bootstrap_interval(values))


# Whether "unseen" is unseen


def test_a_class_that_the_weights_were_taught_is_said_in_the_heading(held):
    def labelled(taught, *classes):
        benchmark = replace(held.benchmark, unseen=classes)
        return replace(held, benchmark=benchmark, taught=taught)

    taught = Taught(frozenset({"hot_air_balloon", "bat"}), frozenset({"window"}))
    seen = labelled(taught, "hot-air balloons", "Window", "cabin")
    assert seen_label(seen) == "SEEN BY THESE WEIGHTS: taught 2 of the 3 unseen classes"
    assert any("(1 of them from photos alone): hot-air balloons, Window." in s for s in not_comparable(seen))
    assert seen_label(labelled(taught, "cabin")) == "zero-shot for these weights"
    assert seen_label(labelled(None, "cabin")) == "NOT KNOWN whether seen by these weights"
    assert seen_label(held) == "not zero-shot"


def test_the_shipped_weights_say_what_they_were_taught(models):
    taught = taught_classes(models)
    assert len(taught.drawn) == 367
    assert len(taught.photographed) == 887
    assert {"bat", "windmill", "helicopter"} <= set(taught.among(unseen("sketchy-21")))
    assert "songbird" not in taught.among(unseen("sketchy-21"))


def test_other_models_do_not_say_what_they_were_taught(models):
    class Other:
        model_id = "another"

    assert taught_classes(replace(models, photos=Other())) is None


# The command


def test_sketchy_by_the_command_with_published_figures_beside(tmp_path):
    root = make_sketchy(tmp_path / "Sketchy", unseen("sketchy-21"))
    report = tmp_path / "report"
    done = sketch_app(
        tmp_path,
        *("evaluate", "--data", root, "--protocol", "sketchy-21", "--bootstrap", "50", "--report", report),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    flat = " ".join(done.stdout.split())
    for words in ("SEEN BY THESE", "Published on sketchy-21", "ZSE-SBIR", "0.525", "Not comparable"):
        assert words in flat
    stored = json.loads((report / "figures.json").read_text())
    (title,) = [k for k in stored if k.startswith("Sketchy extended")]
    assert stored[title]["queries"] == 21
    assert stored[title]["gallery"] == 63
    assert stored[title]["signals"]["sketch"]["acc_1_in_class"]["queries"] == 21
    assert len(stored[title]["per_class"]) == 21
    assert "songbird" not in stored[title]["taught_of_unseen"]
    assert any("was taught" in s or "were taught" in s for s in stored[title]["not_comparable"])
    (sheet,) = report.glob("*-fused.png")
    with Image.open(sheet) as picture:
        assert picture.height > 10 * 160


def asked_json(models, benchmark):
    return results_as_dict([run(models, benchmark, ("sketch",), rounds=20, taught=taught_classes(models))])


@pytest.mark.parametrize(
    ("make", "split", "size"),
    [
        (make_tuberlin, "tuberlin-30", (30, 60)),
        (make_quickdraw, "quickdraw-30", (30, 60)),
        (make_sketchy, "sketchy-25", (25, 75)),
    ],
)
def test_the_other_published_layouts(models, tmp_path, make, split, size):
    make(tmp_path, unseen(split))
    (benchmark,) = open_benchmarks(tmp_path, protocol=split)
    stored = asked_json(models, benchmark)[benchmark.title]
    assert (stored["queries"], stored["gallery"]) == size
    assert any(row["method"] == "SAKE" for row in stored["published"])
    assert 0 < stored["map_all"] < 1
    json.dumps(stored, allow_nan=False)


def test_plain_folders_and_classes_of_ones_own_as_json(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "pig", "yeti"), stem="photo{}")
    photo(tmp_path / "photos" / "cow" / "1.jpg", "cow")
    names = tmp_path / "unseen.txt"
    names.write_text("yeti\n")
    asked = ("evaluate", "--data", tmp_path, "--unseen-classes", names, "--signals", "sketch", "--json")
    done = sketch_app(tmp_path / "home", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(done.stdout)["unseen classes of unseen.txt"]
    assert stored["heading"].endswith("(zero-shot for these weights)")
    assert (stored["queries"], stored["gallery"], stored["map_all"]) == (1, 2, 1.0)
    assert list(stored["signals"]) == ["sketch"]
    assert stored["named_1"] is None


def test_without_photos_names_instances_are_said_to_be_out_of_reach(models, tmp_path, capsys):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "pig"))
    for path in sorted((tmp_path / "sketches").rglob("*.png")):
        path.rename(path.with_name("drawing.png"))
    (benchmark,) = open_benchmarks(tmp_path)
    result = run(models, benchmark, ("sketch",))
    print_result(result, Console(width=200))
    said = capsys.readouterr().out
    assert "Instances cannot be measured" in said
    assert "Acc@1" not in said
    assert results_as_dict([result])["all sketches"]["signals"]["sketch"]["acc_1"]["value"] is None


def test_overlapping_splits_are_refused_by_the_command(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("teddy_bear", "teddy-bear", "pig"))
    names = tmp_path / "unseen.txt"
    names.write_text("teddy-bear\n")
    done = sketch_app(tmp_path / "home", "evaluate", "--data", tmp_path, "--unseen-classes", names)
    assert "teddy_bear and teddy-bear" in refused(done)


def test_without_rounds_there_are_no_intervals(models, folder, split, capsys):
    (benchmark,) = open_benchmarks(folder, split=Split.load(split))
    print_result(run(models, benchmark, rounds=0), Console(width=200))
    said = capsys.readouterr().out
    assert "less sketch alone: mAP" in said
    assert "nan" not in said


def test_weights_of_ones_own_are_the_embedded_sets(folder, split, tmp_path):
    asked = ("evaluate", "--data", folder, "--split", split, "--weights")
    done = sketch_app(tmp_path, *asked, embedded_weights(), "--limit", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["held-back sketches"]["hit_5"] == 1.0
    assert "give one of them" in refused(sketch_app(tmp_path, *asked, tmp_path, "--models", "full"))
    assert "encoder-photo" in refused(sketch_app(tmp_path, *asked, tmp_path))


@pytest.mark.parametrize("published", [True, False])
def test_a_split_where_none_is_asked_for_is_a_sentence(tmp_path, split, published):
    names = tmp_path / "unseen.txt"
    names.write_text("cat\n")
    more = [] if published else ["--unseen-classes", names]
    data = tmp_path / "data"
    if published:
        make_sketchy(data, ("cat", "pig"))
    else:
        make_class_folders(data / "sketches", data / "photos", ("cat", "pig"))
    done = sketch_app(tmp_path / "home", "evaluate", "--data", data, "--split", split, *more)
    assert "leave --split out" in refused(done)


def test_class_folders_are_measured_by_the_split_of_a_training(tmp_path):
    data = tmp_path / "data"
    make_class_folders(data / "sketches", data / "photos", ("cat", "pig"))
    make_class_folders(data / "sketches", data / "photos", ("cat", "pig"), stem="q{}")
    file = tmp_path / "split.json"
    opened = open_sketches_and_photos(data)
    SketchPhotoSplit.of(opened, held_back=0.5, seed=1).named(opened).save(file)
    asked = ("evaluate", "--data", data, "--split", file, "--signals", "sketch", "--json")
    done = sketch_app(tmp_path / "home", *asked)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["held-back sketches"]
    assert (told["queries"], told["gallery"]) == (2, len(Split.load(file).gallery_photos))
    assert told["gallery"] < len(opened.photos)
    calibrated = sketch_app(
        tmp_path / "home", "calibrate", "--data", data, "--split", file, "--dry-run", "--limit", "2"
    )
    assert "2 queries" in calibrated.stdout, calibrated.stderr
    strange = refused(sketch_app(tmp_path / "home", "calibrate", "--data", data, "--dry-run"))
    assert "give the split of this data folder" in strange


def test_an_own_encoder_says_what_it_was_taught(models, tmp_path):
    write_turned_encoder(tmp_path / "encoder")
    own = embedded_set(tmp_path / "encoder")
    assert own.photos.model_id != models.photos.model_id
    assert taught_classes(own) == taught_classes(models)
    assert taught_classes(replace(own, sketches=own.fast)) is None
