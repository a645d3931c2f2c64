"""Each layout is found, read as the literature reads it, and refused where seen and unseen are mixed."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace

import pytest

from models.evaluation import held_back
from models.retrieval.benchmarks import open_benchmarks
from models.retrieval.splits import SplitError
from models.training.captioner import CaptionerSplit
from models.training.dataset import DatasetError, SketchPhotoData, Split, make_split
from models.training.layouts import open_captioned, open_sketches_and_photos
from models.training.sketch_photo_split import SketchPhotoSplit
from tests.models.made_data import make_data
from tests.models.retrieval.made_layouts import (
    TX,
    make_class_folders,
    make_quickdraw,
    make_sketchy,
    make_tuberlin,
    photo,
    sketch,
    unseen,
    write_list,
)

SEEN = ("banana", "pig", "chair")


def opened(folder, **settings):
    (benchmark,) = open_benchmarks(folder, **settings)
    return benchmark


def make_lists(root, folder, *, photos=("photo", "EXTEND_image_sketchy"), names):
    """Lists of files of the given unseen classes, the others training."""
    for part in ("zero", "train"):
        kept = [n for n in names if (n in SEEN) == (part == "train")]
        for path, patterns in (
            (f"sketch_{TX}_ready_filelist_{part}.txt", [f"256x256/sketch/*/{n}/*" for n in kept]),
            (
                f"all_photo_filelist_{part}.txt",
                [p for n in kept for p in (f"256x256/photo/*/{n}/*", f"EXTEND_image_sketchy_ready/{n}/*")],
            ),
        ):
            lines = [str(f.relative_to(root)) for pattern in patterns for f in sorted(root.glob(pattern))]
            (root / folder).mkdir(exist_ok=True)
            (root / folder / path).write_text("".join(f"{line} 3\n" for line in lines))


def test_sketchy_extended_without_lists_takes_each_photo_once(tmp_path):
    root = make_sketchy(tmp_path, (*unseen("sketchy-21"), *SEEN))
    found = opened(root, protocol="sketchy-21")
    assert len(found.queries) == 21
    assert len(found.gallery) == 21 * 3  # two that were drawn from, and one more
    assert found.classes == sorted(unseen("sketchy-21"))
    assert found.split.name == "sketchy-21"
    labels = found.labels()
    assert labels.has_instances
    assert (labels.query_instance >= 0).all()
    assert found.data.sketch_files.grey(found.queries[0].name).shape == (32, 32)
    assert found.data.photo_files.rgb(found.gallery[-1].name).shape == (24, 32, 3)


def test_the_extended_photos_may_lie_beside_sketchy(tmp_path):
    root = make_sketchy(tmp_path / "data" / "Sketchy", unseen("sketchy-21"))
    (root / "EXTEND_image_sketchy").rename(root.parent / "EXTEND_image_sketchy")
    for folder in (root, root.parent):
        found = opened(folder, protocol="sketchy-21")
        assert len(found.gallery) == 21 * 3
        assert found.data.photo_files.rgb(found.gallery[0].name).shape == (24, 32, 3)


def test_sketchy_can_be_split_in_two_ways_and_asks_which(tmp_path):
    root = make_sketchy(tmp_path, ("cat",))
    with pytest.raises(SplitError, match="sketchy-21 or sketchy-25"):
        open_benchmarks(root)


def test_lists_of_files_are_kept_to_and_say_which_split_it_is(tmp_path):
    names = (*unseen("sketchy-25"), *SEEN)
    root = make_sketchy(tmp_path / "Sketchy", names, end="_ready")
    make_lists(root, "zeroshot1", names=names)
    found = opened(tmp_path)
    assert found.name == "sketchy-25"
    assert len(found.queries) == 25
    assert len(found.gallery) == 25 * 5  # as in the public lists, where photos that were drawn from are twice
    assert any("50 photos are listed twice" in note for note in found.notes)
    labels = found.labels()
    assert len(set(labels.photo_instance.tolist())) == 25 * 3
    shutil.rmtree(root / "EXTEND_image_sketchy_ready" / "cup")
    with pytest.raises(DatasetError, match=r"lacks 3 files .*EXTEND_image_sketchy_ready/cup"):
        open_benchmarks(tmp_path)


def test_a_photo_in_both_lists_is_refused_and_named(tmp_path):
    names = (*unseen("sketchy-21"), *SEEN)
    root = make_sketchy(tmp_path, names, end="_ready")
    make_lists(root, "zeroshot0", names=names)
    assert opened(root).name == "sketchy-21"
    train = root / "zeroshot0" / "all_photo_filelist_train.txt"
    line = "EXTEND_image_sketchy_ready/cow/ext_1.jpg 3\n"
    train.write_text(train.read_text() + line)
    with pytest.raises(
        SplitError, match=r"1 photos of the gallery train as well, .*cow/ext_1.jpg .*classes: cow"
    ):
        open_benchmarks(root)


def test_lists_whose_classes_overlap_are_refused(tmp_path):
    names = (*unseen("sketchy-21"), *SEEN)
    root = make_sketchy(tmp_path, names, end="_ready")
    make_lists(root, "zeroshot2", names=names)
    (root / "zeroshot2" / "cname_cid.txt").write_text("pig 0\nwind_mills 1\n")
    with pytest.raises(SplitError, match=r"both seen and unseen .wind_mills and windmill"):
        open_benchmarks(root)
    (root / "zeroshot2" / "cname_cid.txt").unlink()
    train = root / "zeroshot2" / f"sketch_{TX}_ready_filelist_train.txt"
    train.write_text(train.read_text() + f"256x256/sketch/{TX}_ready/Windows/n9-1.png 2\n")
    with pytest.raises(SplitError, match=r"both seen and unseen .Windows and window"):
        open_benchmarks(root)


def test_lists_of_another_split_are_refused(tmp_path):
    root = make_sketchy(tmp_path, unseen("sketchy-25"), end="_ready")
    make_lists(root, "zeroshot0", names=unseen("sketchy-25"))
    with pytest.raises(SplitError, match="sketchy-21 does not have"):
        open_benchmarks(root)


@pytest.mark.parametrize(("sketches", "photos"), [("png", "ImageResized"), ("sketches", "images")])
def test_tuberlin_extended(tmp_path, sketches, photos):
    root = make_tuberlin(
        tmp_path / "TUBerlin", (*unseen("tuberlin-30"), *SEEN), sketches=sketches, photos=photos
    )
    found = opened(root)
    assert (found.name, len(found.queries), len(found.gallery)) == ("tuberlin-30", 30, 60)
    assert "bottle opener" in found.classes


def test_tuberlins_lists_may_hold_names_with_spaces(tmp_path):
    root = make_tuberlin(tmp_path, unseen("tuberlin-30"), sketches="png_ready", photos="ImageResized_ready")
    write_list(root / "zeroshot" / "png_ready_filelist_zero.txt", root, "png_ready/*/*")
    names = write_list(
        root / "zeroshot" / "ImageResized_ready_filelist_zero.txt", root, "ImageResized_ready/*/*0.*"
    )
    found = opened(root)
    assert [p.name for p in found.gallery] == names
    assert any("/bottle opener/" in name for name in names)
    assert len(found.gallery) == 30


def test_quickdraw_extended_and_what_cannot_be_told_apart_without_a_word(tmp_path):
    named = make_quickdraw(tmp_path / "QuickDraw_Extended", unseen("quickdraw-30"))
    assert opened(named).name == "quickdraw-30"
    plain = make_quickdraw(tmp_path / "some", (*unseen("quickdraw-30"), *SEEN))
    found = opened(plain, protocol="quickdraw-30")
    assert (len(found.queries), len(found.gallery)) == (30, 60)
    assert set(found.classes) == set(unseen("quickdraw-30"))  # pigs and chairs are in neither
    own = make_quickdraw(
        tmp_path / "own", ("bat",), sketches="QuickDraw_sketches_final", photos="QuickDraw_images_final"
    )
    with pytest.raises(SplitError, match="lacks sketches of 29 of the 30 classes"):
        open_benchmarks(own)


def test_a_published_split_can_be_asked_of_plain_folders_under_any_spelling(tmp_path):
    names = [n.replace("t-shirt", "T-Shirts") for n in unseen("tuberlin-30")]
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", (*names, "pig"))
    found = opened(tmp_path, protocol="tuberlin-30")
    assert "t-shirt" in found.classes
    assert (len(found.queries), len(found.gallery)) == (30, 60)
    shutil.rmtree(tmp_path / "photos" / "brain")
    with pytest.raises(SplitError, match=r"lacks photos of 1 of the 30 classes \(brain\).*--unseen-classes"):
        open_benchmarks(tmp_path, protocol="tuberlin-30")


def class_list(tmp_path, *names):
    file = tmp_path / "unseen.txt"
    file.write_text("\n".join(names), encoding="utf-8")
    return file


def test_classes_of_ones_own_choice(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "hot_dog", "pig"))
    found = opened(tmp_path, unseen_classes=class_list(tmp_path, "cat", "Hot Dog"))
    assert found.unseen == ("cat", "hot_dog")
    assert {q.class_name for q in found.queries} == {"cat", "hot_dog"}
    assert len(found.gallery) == 4


def test_an_unseen_class_that_is_seen_under_another_spelling_is_refused(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "hot_dog", "Hotdogs"))
    with pytest.raises(SplitError, match="hotdogs and hot_dog"):
        open_benchmarks(tmp_path, unseen_classes=class_list(tmp_path, "hot_dog"))


def test_a_gallery_photo_that_is_a_file_of_a_seen_class_is_refused(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "pig"))
    file = class_list(tmp_path, "cat")
    assert len(opened(tmp_path, unseen_classes=file).gallery) == 2
    shutil.copy(tmp_path / "photos" / "cat" / "p1.jpg", tmp_path / "photos" / "pig" / "other.jpg")
    with pytest.raises(SplitError, match=r"1 photos of the gallery train as well, cat/p1.jpg .*classes: cat"):
        open_benchmarks(tmp_path, unseen_classes=file)


def test_files_in_a_zip_are_compared_too(tmp_path):
    folder, file = make_data(tmp_path / "data"), class_list(tmp_path, "cat")
    assert len(opened(folder, unseen_classes=file).gallery) == 7
    with zipfile.ZipFile(folder / "photos.zip", "a") as archive:
        archive.writestr("elsewhere/moon/cat.jpg", archive.read("sketchy/cat/cat_3.jpg"))
    with (folder / "index.csv").open("a") as index:
        index.write("photo,elsewhere,moon,elsewhere/moon/cat.jpg\n")
    with pytest.raises(SplitError, match=r"sketchy/cat/cat_3.jpg .*classes: cat"):
        open_benchmarks(folder, unseen_classes=file)


def test_a_class_that_is_not_there_or_has_no_photo_is_a_sentence(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "pig"))
    sketch(tmp_path / "sketches" / "yeti" / "1.png", "yeti")
    for name in ("unicorn", "yeti"):
        with pytest.raises(SplitError, match=f"lacks sketches or photos of {name}"):
            open_benchmarks(tmp_path, unseen_classes=class_list(tmp_path, "cat", name))
    with pytest.raises(SplitError, match="leave --protocol or --unseen-classes out"):
        open_benchmarks(tmp_path, protocol="sketchy-21", unseen_classes=class_list(tmp_path, "cat"))


def test_plain_folders_are_asked_of_everything(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "pig"))
    photo(tmp_path / "photos" / "cow" / "1.jpg", "cow")
    found = opened(tmp_path)
    assert (found.name, found.title, len(found.queries), len(found.gallery)) == ("seen", "all sketches", 2, 5)
    assert found.unseen == ()


def test_a_split_of_an_index_is_what_it_always_was(tmp_path):
    folder = make_data(tmp_path / "data")
    data = SketchPhotoData.open(folder)
    split = make_split(data)
    found = opened(folder, split=split)
    assert (list(found.queries), list(found.gallery)) == held_back(data, split)
    assert found.labels().has_instances


def test_a_split_of_class_folders_is_kept_to(tmp_path):
    folders = tmp_path / "sketches", tmp_path / "photos"
    for stem in ("p{}", "q{}", "r{}"):
        make_class_folders(*folders, ("cat", "pig", "cow"), stem=stem)
    data = open_sketches_and_photos(tmp_path)
    parted = SketchPhotoSplit.of(data, unseen=["Cow"], held_back=0.3, seed=0)
    split = parted.named(data, ["Cow"])
    held, new = open_benchmarks(tmp_path, split=split)
    assert {q.name for q in held.queries} == {data.sketches[i].name for i in parted.held_sketches}
    assert {p.name for p in held.gallery} == {data.photos[i].name for i in parted.held_photos}
    assert (new.unseen, len(new.queries), len(new.gallery)) == (("cow",), 3, 6)
    learnt = sorted({data.sketches[i].name for i in parted.sketches})
    source = f"{learnt[0].removesuffix('-1.png')}.jpg"
    with pytest.raises(SplitError, match=source):
        open_benchmarks(tmp_path, split=replace(split, gallery_photos=(*split.gallery_photos, source)))


def test_a_split_that_holds_back_no_photo_asks_of_all(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat", "pig", "cow"))
    captioned = open_captioned(tmp_path / "sketches")
    sketches = [i for i, p in enumerate(captioned.pictures) if p.class_name == "cat"]
    split = CaptionerSplit((), tuple(sketches), ()).named(captioned, ["cow"])
    held, new = open_benchmarks(tmp_path, split=split)
    assert [q.class_name for q in held.queries] == ["cat"]
    assert {p.class_name for p in held.gallery} == {"cat", "pig"}
    assert new.unseen == ("cow",)


def test_a_gallery_photo_whose_sketches_train_is_refused(tmp_path):
    folder = make_data(tmp_path / "data")
    split = make_split(SketchPhotoData.open(folder))
    held = sorted(n for n in split.validation_sketches if "/cat/" in n and n.endswith(".png"))
    wrong = Split(split.validation_sketches - {held[0]}, split.gallery_photos)
    with pytest.raises(SplitError, match=r"sketchy/cat/.*classes: cat"):
        open_benchmarks(folder, split=wrong)


def test_unseen_classes_of_a_split_are_a_run_of_their_own_and_must_be_apart(tmp_path):
    folder = make_data(tmp_path / "data")
    split = make_split(SketchPhotoData.open(folder), unseen=["cat"])
    held, new = open_benchmarks(folder, split=split)
    assert {q.class_name for q in held.queries} == {"coffee_cup"}
    assert (new.title, new.unseen, len(new.gallery)) == ("unseen classes", ("cat",), 7)
    index = folder / "index.csv"
    index.write_text(
        index.read_text().replace(",rocket,elsewhere/rocket/rocket_0", ",cats,elsewhere/rocket/rocket_0")
    )
    with pytest.raises(SplitError, match="cats and cat"):
        open_benchmarks(folder, split=split)


def test_what_is_no_data_at_all_is_a_sentence(tmp_path):
    with pytest.raises(DatasetError, match="nowhere"):
        open_benchmarks(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"index\.csv"):
        open_benchmarks(tmp_path)
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("cat",))
    with pytest.raises(SplitError, match="no protocol zeroshot: choose one of auto, seen, sketchy-21"):
        open_benchmarks(tmp_path, protocol="zeroshot")


def test_two_data_sets_in_one_folder_ask_which(tmp_path):
    make_sketchy(tmp_path / "Sketchy", unseen("sketchy-21"))
    make_tuberlin(tmp_path / "TUBerlin", unseen("tuberlin-30"))
    with pytest.raises(DatasetError, match="several data sets"):
        open_benchmarks(tmp_path)
    assert opened(tmp_path, protocol="tuberlin-30").name == "tuberlin-30"


def test_so_many_sketches_are_taken_evenly(tmp_path):
    make_class_folders(tmp_path / "sketches", tmp_path / "photos", ("ape", "bat", "cat", "dog", "elk"))
    some = opened(tmp_path).limited(3)
    assert [q.class_name for q in some.queries] == ["ape", "cat", "elk"]
    assert any("3 of 5 sketches" in note for note in some.notes)
    assert opened(tmp_path).limited(9) == opened(tmp_path).limited(None)
