"""Models of the person's own training in the window: written by the real recipes on tiny weights, imported
and put into use in the dialog, and searched with.
"""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

from models.devices import choose_placement
from models.encoder_files import load_encoder
from models.errors import WeightsError
from models.img2img_turbo.generator import Img2ImgTurbo
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from models.training_record import RECORD_FILE, trained_side
from sketch_app.deep_lane import SEED
from sketch_app.demo_gallery import make_demo_photos
from sketch_app.errors import SketchAppError
from sketch_app.full_models import FullChoices, full_set
from sketch_app.paths import AppPaths
from sketch_app.raster import render_for_model
from sketch_app.search_types import Stage
from sketch_app.workspace import Workspace
from tests.models.test_registry_own import files_no_larger_than
from tests.sketch_app.demo_sketches import demo_sketch
from tests.support.hub_server import unpinned
from tests.support.tiny_own_models import train_own_models
from ui.main_window import MainWindow
from ui.model_parts import ModelParts
from ui.model_words import trouble_in_words
from ui.model_work import ModelWork
from ui.models_dialog import ModelsDialog
from ui.notice_bar import NoticeBar
from ui.set_card import SetCard

GENERATOR = "trained-generator"
CHECKPOINT = "checkpoint.safetensors"


@pytest.fixture(scope="session")
def own(tmp_path_factory):
    return train_own_models(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    return make_demo_photos(tmp_path_factory.mktemp("demo") / "photos")


def put_in(models, own, *names):
    """Take tiny published models into a store, as `install_tiny_full_set` does."""
    import_folder(ModelStore(models, unpinned(ModelStore(models).entries)), own.published, names)
    return ModelStore(models)


@pytest.fixture
def workspace(tmp_path, own, photos):
    """A base and a photo model are here; no captioner and no checkpoint of the published ones."""
    paths = AppPaths(tmp_path / "config", tmp_path / "data", tmp_path / "logs", tmp_path / "pictures")
    put_in(paths.models, own, "sd-turbo", "dinov2-small")
    made = Workspace(paths)
    made.update_settings(camera_on=False, device="cpu")
    made.index_folder(photos)
    yield made
    made.close()


@pytest.fixture
def window(qtbot, workspace):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    window.show()
    window.start()
    qtbot.waitUntil(lambda: bool(window.photos.photo_count))
    yield window
    window.close()


@pytest.fixture
def dialog(qtbot, window):
    window._open_models()
    dialog = window.findChild(ModelsDialog)
    until_idle(qtbot, dialog)
    return dialog


def until_idle(qtbot, dialog):
    """Nothing runs, and what is here is known."""
    work = dialog.parent().findChild(ModelWork)
    qtbot.waitUntil(
        lambda: work.busy is None and dialog._look is not None and dialog._look.states == states(work.store),
    )


def states(store):
    return {e.name: store.state(e.name) for e in store.entries.values() if not e.comes_with_the_program}


def rows(dialog):
    return {row.entry.name: row for row in dialog.findChild(ModelParts)._rows}


def said(dialog):
    return dialog.findChild(NoticeBar).text


def press(qtbot, widget, text):
    (button,) = [
        b for b in widget.findChildren(QPushButton) if b.text().startswith(text) and not b.isHidden()
    ]
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def import_folder_of(qtbot, dialog, folder):
    press(qtbot, dialog, "Import from a folder")
    asked = dialog.findChild(QFileDialog)
    asked.fileSelected.emit(str(folder))
    asked.reject()
    qtbot.waitUntil(lambda: dialog.findChild(QFileDialog) is None)
    until_idle(qtbot, dialog)


def searched(qtbot, window, subject):
    """Draw, wait for the last answer, and give it."""
    seen = []
    window.search.answered.connect(seen.append)
    window.document.replace(demo_sketch(subject))
    qtbot.waitUntil(lambda: bool(seen) and seen[-1].stage is Stage.COMPLETE)
    assert window.imagined.isVisible()
    assert len(window.results.grid.model().results) > 0
    assert seen[-1].notice is None
    return seen[-1]


def picture(base, checkpoint, subject, update):
    """What a generator makes of a sketch, loaded apart from the program."""
    made = Img2ImgTurbo.load(base, checkpoint / CHECKPOINT, placement=choose_placement("cpu"))
    side = update.generated.shape[0]
    return made.generate(render_for_model(demo_sketch(subject)), update.caption, seed=SEED, size=side)


def apart(one, other):
    """Mean difference of two pictures, 0..255: numbers of half the length round otherwise where the work is
    parted among threads otherwise.
    """
    return float(np.abs(one.astype(float) - other).mean())


def test_own_models_are_imported_put_into_use_and_searched_with(qtbot, window, dialog, own, workspace):
    card = dialog.findChildren(SetCard)[1]
    assert "BLIP" in card.toolTip()
    assert "Img2Img-Turbo" in card.toolTip()
    titles = {
        own.captioner: "captioner",
        own.sketch_adapter: "adapter for sketches",
        own.factors: "generator",
    }
    for folder, title in titles.items():
        import_folder_of(qtbot, dialog, folder)
        assert said(dialog) == f"Here now: Your own {title}"
    assert set(rows(dialog)) == {"sketch-adapter", "trained-captioner", GENERATOR, "sd-turbo", "dinov2-small"}
    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, card, "Use")
    until_idle(qtbot, dialog)
    assert not any(row._remove.isEnabled() for row in rows(dialog).values())
    assert workspace.models.sketches is not None
    qtbot.waitUntil(lambda: workspace.spaces.status().settled)
    first = searched(qtbot, window, "cat")
    store = workspace.store
    published = store.folder_of("sd-turbo")
    assert apart(first.generated, picture(published, own.factors, "cat", first)) < 1
    assert apart(first.generated, picture(own.generator, own.generator, "cat", first)) > 4

    # The one with a base of its own takes its place, in the models in use too; SD-Turbo is needless now.
    with qtbot.waitSignal(dialog.models_changed):
        import_folder_of(qtbot, dialog, own.generator)
    until_idle(qtbot, dialog)
    assert said(dialog) == "Here now: Your own generator"
    press(qtbot, rows(dialog)["sd-turbo"], "Remove")
    press(qtbot, dialog.findChild(QMessageBox), "Remove")
    until_idle(qtbot, dialog)
    assert store.state("sd-turbo").status == "absent"
    second = searched(qtbot, window, "flower")
    assert apart(second.generated, picture(own.generator, own.generator, "flower", second)) < 1


def test_an_own_encoder_finds_photos_in_the_built_in_set_at_once_and_goes_again(
    qtbot, window, dialog, own, workspace
):
    card, _ = dialog.findChildren(SetCard)
    programs = workspace.models.photos.model_id
    with qtbot.waitSignal(dialog.models_changed):
        import_folder_of(qtbot, dialog, own.encoder)
    until_idle(qtbot, dialog)
    assert said(dialog) == "Here now: Your own encoder"
    assert card._state.text() == "In use"
    qtbot.waitUntil(lambda: workspace.fast_spaces.status().settled)
    model_id = load_encoder(own.encoder).info.model_id
    assert workspace.models.photos.model_id.startswith(model_id)
    answer = searched(qtbot, window, "cat")
    # Its names are the classes that it was taught, and its vectors the photos'.
    assert {name.class_name for name in answer.names} == set(load_encoder(own.encoder).info.classes)
    vector = workspace._opened().vector(answer.results[0].photo_id, workspace.models.photos.model_id)
    reading = workspace.models.fast.read_sketch(render_for_model(demo_sketch("cat")))
    assert answer.results[0].signals["sketch"] == pytest.approx(
        float(vector @ reading.embedding[0]), abs=2e-3
    )

    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, rows(dialog)["trained-encoder"], "Remove")
        press(qtbot, dialog.findChild(QMessageBox), "Remove")
    until_idle(qtbot, dialog)
    assert "trained-encoder" not in rows(dialog)
    assert workspace.models.photos.model_id == programs
    assert searched(qtbot, window, "flower").names[0].class_name == "flower"


def test_an_own_model_goes_only_when_the_person_says_so_and_nothing_offers_to_fetch_it(
    qtbot, dialog, own, workspace
):
    import_folder_of(qtbot, dialog, own.captioner)
    press(qtbot, rows(dialog)["trained-captioner"], "Remove")
    question = dialog.findChild(QMessageBox)
    assert question.informativeText() == "It cannot be fetched: keep the folder that its training wrote."
    with qtbot.waitSignal(question.finished):
        press(qtbot, question, "Keep")
    damaged = workspace.store.folder_of("trained-captioner") / "config.json"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b" ")
    press(qtbot, rows(dialog)["trained-captioner"], "Check")
    until_idle(qtbot, dialog)
    assert said(dialog) == (
        f"{damaged} is damaged or missing. Import the folder that “sketch-app train captioner” wrote again."
    )
    assert rows(dialog)["trained-captioner"]._fetch.isHidden()
    import_folder_of(qtbot, dialog, own.captioner)
    assert rows(dialog)["trained-captioner"]._state.status == "complete"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of a file's size")
def test_a_disk_that_fills_up_leaves_the_former_model_in_use(qtbot, dialog, own, workspace):
    import_folder_of(qtbot, dialog, own.captioner)
    weights = workspace.store.folder_of("trained-captioner") / "model.safetensors"
    before = weights.read_bytes()
    with files_no_larger_than(len(before) // 2):
        import_folder_of(qtbot, dialog, own.captioner)
    assert "the disk says" in said(dialog)
    assert weights.read_bytes() == before
    assert rows(dialog)["trained-captioner"]._state.status == "complete"


def test_what_is_not_what_the_training_wrote_is_told_in_the_windows_terms(qtbot, dialog, own, tmp_path):
    torn = shutil.copytree(own.generator, tmp_path / "torn")
    shutil.rmtree(torn / "vae")
    foreign = shutil.copytree(own.factors, tmp_path / "foreign")
    shutil.copy(own.captioner / "training.json", foreign)
    for folder, words in (
        (torn, "lacks vae/config.json. Choose the folder that “sketch-app train generator” wrote"),
        (foreign, "is not what “sketch-app train generator” writes (it is of a captioner)"),
    ):
        import_folder_of(qtbot, dialog, folder)
        assert words in said(dialog)
        assert GENERATOR not in rows(dialog)


@pytest.mark.parametrize("field", ["captioner_weights", "generator_weights"])
def test_chosen_weights_of_another_kind_are_a_sentence_and_the_former_choice_stays(
    qtbot, dialog, own, workspace, field
):
    for folder in (own.captioner, own.factors):
        import_folder_of(qtbot, dialog, folder)
    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, dialog.findChildren(SetCard)[1], "Use")
    until_idle(qtbot, dialog)
    former = workspace.models
    wrong = own.captioner / "model.safetensors" if field == "generator_weights" else own.generator
    with qtbot.assertNotEmitted(dialog.models_changed):
        getattr(dialog._choices, f"_{field.split('_')[0]}").chosen.emit(str(wrong))
        until_idle(qtbot, dialog)
    assert workspace.models is former
    assert getattr(workspace.settings, field) == ""
    known = {
        "generator_weights": "holds no weights of a generator",
        "captioner_weights": "it is of a generator",
    }
    assert known[field] in said(dialog)


def test_a_checkpoint_with_a_base_of_its_own_is_imported_and_not_chosen_as_a_file(own, tmp_path):
    store = put_in(tmp_path / "models", own, "full")
    choices = FullChoices(device="cpu", generator_weights=own.generator / CHECKPOINT)
    with pytest.raises(SketchAppError, match="stands on a base of its own") as refused:
        full_set(store, choices)
    words = trouble_in_words(str(refused.value))
    assert words == f"{choices.generator_weights} stands on networks of its own. " + (
        f"Import its folder {own.generator} instead, and choose no file."
    )
    full_set(store, FullChoices(device="cpu", generator_weights=own.factors / CHECKPOINT))


def test_factors_over_an_own_base_bring_it_along(own, tmp_path):
    store = put_in(tmp_path / "models", own, "blip-image-captioning-base", "dinov2-small")
    assert import_folder(store, own.factors_over_own.parent).imported == (GENERATOR,)
    models = full_set(store, FullChoices(device="cpu"))
    sketch = render_for_model(demo_sketch("cat"))
    ours = models.generator.generate(sketch, "a cat", seed=1, strength=0.4, size=64)
    models.release()
    made = Img2ImgTurbo.load(
        own.generator, own.factors_over_own / CHECKPOINT, placement=choose_placement("cpu")
    )
    assert apart(ours, made.generate(sketch, "a cat", seed=1, size=64)) < 1


def test_a_damaged_own_encoder_is_told_in_the_windows_terms(qapp, own, tmp_path):
    folder = shutil.copytree(own.encoder, tmp_path / "encoder")
    file = folder / "encoder-photo.safetensors"
    file.write_bytes(bytes(100))
    with pytest.raises(WeightsError) as damaged:
        load_encoder(folder)
    told = f"{file} of your own encoder is damaged or missing. Import the encoder again, or remove it, in the"
    assert trouble_in_words(str(damaged.value)).startswith(told)
    (folder / "training.json").unlink()  # as the program's own come
    file.unlink()
    with pytest.raises(WeightsError) as missing:
        load_encoder(folder)
    told = f"{file}, which comes with the program, is damaged or missing. Install the program again."
    assert trouble_in_words(str(missing.value)) == told


def test_an_own_generator_is_asked_for_pictures_as_large_as_it_was_taught(own, tmp_path):
    store = put_in(tmp_path / "models", own, "full")
    assert full_set(store, FullChoices(device="cpu")).picture_side == 256
    chosen = FullChoices(device="cpu", generator_weights=own.factors / CHECKPOINT)
    assert full_set(store, chosen).picture_side == trained_side(own.factors) == 64
    import_folder(store, own.generator)
    assert full_set(store, FullChoices(device="cpu")).picture_side == 64
    record = store.folder_of(GENERATOR) / RECORD_FILE
    told, size = json.loads(record.read_text()), record.stat().st_size

    def say(**lesson):
        # As many bytes as before: of another size the generator would not count as here at all.
        record.write_text(json.dumps({**told, "lesson": lesson}).ljust(size))
        assert record.stat().st_size == size
        return full_set(store, FullChoices(device="cpu")).picture_side

    assert say(sides=[[1.0, 128]]) == 128
    assert say(sides=[[1.0, 512]]) == 256
    with pytest.raises(WeightsError, match="does not say how large the generator's pictures are"):
        say()


def test_factors_over_the_published_base_need_it(own, tmp_path):
    store = put_in(tmp_path / "models", own, "blip-image-captioning-base", "dinov2-small")
    import_folder(store, own.factors)
    with pytest.raises(Exception, match="“sd-turbo” is not on this machine"):
        full_set(store, FullChoices(device="cpu"))
