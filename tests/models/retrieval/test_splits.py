"""Published splits as their sources have them, names folded, and what is refused."""

from __future__ import annotations

import pytest

from models.retrieval.class_folding import fold_class, same_classes
from models.retrieval.ranked_answers import MEASURES
from models.retrieval.splits import (
    SplitError,
    check_apart,
    published,
    published_source,
    read_class_list,
    zero_shot_splits,
)

SIZES = {"sketchy-21": (104, 21), "sketchy-25": (100, 25), "tuberlin-30": (220, 30), "quickdraw-30": (80, 30)}


def test_each_split_has_as_many_classes_as_its_paper_says():
    assert {n: (len(s.seen), len(s.unseen)) for n, s in zero_shot_splits().items()} == SIZES


def test_no_class_of_a_data_set_is_there_twice_under_any_spelling():
    for split in zero_shot_splits().values():
        folded = [fold_class(c) for c in (*split.seen, *split.unseen)]
        assert len(set(folded)) == len(folded), split.name


def test_both_splits_of_sketchy_part_the_same_125_classes():
    one, other = zero_shot_splits()["sketchy-21"], zero_shot_splits()["sketchy-25"]
    assert {*one.seen, *one.unseen} == {*other.seen, *other.unseen}


def test_published_figures_are_of_the_measures_that_the_split_is_reported_in():
    for split in zero_shot_splits().values():
        rows = published(split.name)
        assert len(rows) >= 4
        for row in rows:
            assert set(row.figures) <= set(split.reported)
            assert all(0 < value < 1 for value in row.figures.values())
        for measure in split.reported:
            assert measure == "map_200" or measure in MEASURES
    sake = next(r for r in published("sketchy-25") if r.method == "SAKE")
    assert sake.figures == {"map_all": 0.547, "precision_100": 0.692}
    assert "ZSE-SBIR" in published_source()
    assert published("my-own") == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hot-air_balloon", "hot air balloons"),
        ("hot-dog", "hotdog"),
        ("cat", "cat-2"),
        ("cat", "cat (2)"),
        ("teddy-bear", "Teddy_Bear"),
        ("mouse (animal)", "mouse"),
        ("car_(sedan)", "cars"),
        ("butterflies", "butterfly"),
        ("torches", "torch"),
        ("motorcycle", "motorbike"),
        ("tennis-racket", "racket"),
        ("crocodilian", "crocodile"),
    ],
)
def test_two_spellings_of_one_class_fold_alike(one, other):
    assert fold_class(one) == fold_class(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("cup", "teacup"), ("table", "tablelamp"), ("bus", "bush"), ("sea_turtle", "turtle"), ("7", "8")],
)
def test_other_classes_stay_others(one, other):
    assert fold_class(one) != fold_class(other)


def test_an_overlap_is_refused_with_the_names_on_both_sides():
    check_apart(["cat", "dog"], ["cow"], "my split")
    with pytest.raises(SplitError, match=r"my split: 2 classes .*cat, teddy-bear and Teddy_Bears"):
        check_apart(["cat", "teddy-bear", "dog"], ["Teddy_Bears", "cat"], "my split")
    assert same_classes(["cat", "dog"], ["Dogs"]) == [("dog", "Dogs")]


def test_a_list_of_classes_may_have_comments_and_empty_lines(tmp_path):
    file = tmp_path / "unseen.txt"
    file.write_text("# mine\ncat\n\n  hot air balloon \n", encoding="utf-8")
    assert read_class_list(file) == ("cat", "hot air balloon")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "names no class"), ("cat\nCats\n", "twice: cat and Cats"), (None, "cannot be read")],
)
def test_a_list_that_cannot_be_used_is_a_sentence(tmp_path, text, words):
    file = tmp_path / "unseen.txt"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(SplitError, match=words) as caught:
        read_class_list(file)
    assert str(file) in str(caught.value)
