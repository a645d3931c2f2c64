"""The dialog of models: fetching from a hub on this machine, importing, checking, removing, and putting the
full set into use. The models are small; nothing here is a stand-in for what is tested.
"""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections import namedtuple
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QMessageBox, QPushButton, QWidget
from shiboken6 import isValid

from models.errors import ModelError
from sketch_app.device_choice import DeviceChoice, devices_here
from sketch_app.settings import load_settings
from tests.support.hub_server import HubServer
from tests.support.waiting import WAIT_S
from tests.ui.small_gallery import make_workspace
from tests.ui.small_models import FULL, fill, make_models_workspace, write_models
from ui.licence_dialog import LicenceDialog
from ui.model_choices import ModelChoices
from ui.model_parts import ModelParts
from ui.model_words import _patterns, _words, trouble_in_words
from ui.model_work import ModelWork
from ui.models_dialog import ModelsDialog
from ui.notice_bar import NoticeBar
from ui.set_card import SetCard
from ui.transfer_progress import TransferProgress
from ui.weights_field import WeightsField

DEVICES = (
    DeviceChoice("cuda:0", "cuda", "Big card", "Big card, 3.0 of 4.0 GiB free"),
    DeviceChoice("cpu", "processor", "", "processor, 2 cores"),
)


@pytest.fixture
def server(monkeypatch):
    server = HubServer()
    fill(server)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with server.running():
        yield server


@pytest.fixture
def workspace(tmp_path):
    workspace = make_models_workspace(tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.fixture
def dialog(qtbot, workspace):
    return opened(qtbot, workspace)


def opened(qtbot, workspace, parent=None):
    dialog = ModelsDialog(workspace, parent, devices=lambda: DEVICES)
    if parent is None:
        qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: is_known(dialog))
    return dialog


def is_known(dialog):
    return dialog.findChild(ModelParts)._import.isEnabled() and rows(dialog)["sd-turbo"]._state is not None


def rows(dialog):
    return {row.entry.name: row for row in dialog.findChild(ModelParts)._rows}


def button(widget, text):
    found = [b for b in widget.findChildren(QPushButton) if b.text().startswith(text) and b.isVisible()]
    assert len(found) == 1, f"{text!r} is there {len(found)} times"
    return found[0]


def press(qtbot, widget, text):
    qtbot.mouseClick(button(widget, text), Qt.MouseButton.LeftButton)


def answer_terms(qtbot, dialog, text):
    asked = dialog.findChild(LicenceDialog)
    qtbot.waitUntil(asked.isVisible)
    with qtbot.waitSignal(asked.finished):
        press(qtbot, asked, text)


def work(dialog):
    return (dialog.parentWidget() or dialog).findChild(ModelWork)


def until_idle(qtbot, dialog, status=None, names=FULL):
    qtbot.waitUntil(lambda: work(dialog).busy is None)
    if status is not None:
        qtbot.waitUntil(lambda: all(rows(dialog)[name]._state.status == status for name in names))


def said(dialog):
    return dialog.findChild(NoticeBar).text


def full_card(dialog):
    return dialog.findChildren(SetCard)[1]


def fetch_all(qtbot, dialog):
    press(qtbot, dialog, "Fetch all")
    answer_terms(qtbot, dialog, "Accept")


# Fetching


def test_terms_are_shown_first_and_the_forbidding_ones_in_words(qtbot, dialog):
    press(qtbot, dialog, "Fetch all")
    terms = dialog.findChild(LicenceDialog)
    words = [label.text() for label in terms.findChildren(QLabel)]
    assert words.index("SD-Turbo, half precision") < words.index("BLIP")
    assert words.count("Commercial use is restricted") == 2
    assert any("stabilityai/sd-turbo" in text and "<a href" in text for text in words)
    assert sum(text == "Any use, with the notice kept." for text in words) == 2
    terms.reject()


def test_terms_that_are_not_accepted_fetch_nothing(qtbot, server, dialog):
    press(qtbot, dialog, "Fetch all")
    answer_terms(qtbot, dialog, "Not now")
    assert "not accepted" in said(dialog)
    assert work(dialog).busy is None
    assert server.requests == []


def test_everything_is_fetched_with_one_bar(qtbot, server, dialog):
    told = []
    work(dialog).progress.connect(told.append)
    fetch_all(qtbot, dialog)
    assert dialog.findChild(TransferProgress).isVisible()
    until_idle(qtbot, dialog, "complete")
    assert "as promised" in said(dialog)
    assert not dialog.findChild(TransferProgress).isVisible()
    assert len({progress.total_bytes for progress in told}) == 1
    assert [p.done_bytes for p in told] == sorted(p.done_bytes for p in told)
    assert not dialog.findChild(ModelParts)._fetch.isVisible()


def test_a_cancelled_fetch_keeps_what_came_and_goes_on_from_there(qtbot, server, dialog):
    gate, pieces = threading.Event(), []

    def hold(path):
        if "sd-turbo" in path and path.endswith(".safetensors"):
            pieces.append(path)
            if len(pieces) == 6:
                assert gate.wait(WAIT_S)

    server.wrong.on_body = hold
    fetch_all(qtbot, dialog)
    qtbot.waitUntil(lambda: len(pieces) == 6)
    qtbot.waitUntil(lambda: rows(dialog)["blip-image-captioning-base"]._state.status == "complete")
    # What went out has come: a busy client may not have taken it yet.
    qtbot.waitUntil(lambda: work(dialog).store.state("sd-turbo").bytes_here > 60_000)
    press(qtbot, dialog.findChild(TransferProgress), "Cancel")
    gate.set()
    until_idle(qtbot, dialog)
    assert "kept" in said(dialog)
    qtbot.waitUntil(lambda: rows(dialog)["sd-turbo"]._state.status == "partial")
    assert rows(dialog)["sd-turbo"]._fetch.text() == "Continue"
    first = server.body_bytes
    server.forget()
    press(qtbot, dialog, "Fetch all")  # the terms are known by now, but for models not begun
    if dialog.findChild(LicenceDialog) is not None:
        answer_terms(qtbot, dialog, "Accept")
    until_idle(qtbot, dialog, "complete")
    assert any(request.range for request in server.requests)
    assert first > 0
    whole = sum(row._state.bytes_here for name, row in rows(dialog).items() if name in FULL)
    assert first + server.body_bytes < 1.2 * whole


def test_without_a_network_the_sentence_says_so_and_trying_again_works(qtbot, server, dialog, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        fetch_all(qtbot, dialog)
        until_idle(qtbot, dialog)
    assert "Check the network" in said(dialog)
    assert "command" not in said(dialog)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    press(qtbot, dialog.findChild(NoticeBar), "Try again")
    until_idle(qtbot, dialog, "complete")


def test_a_file_that_is_not_the_promised_one_is_refused_by_name(qtbot, server, dialog):
    promised = server.repos["people/sd-turbo"]
    whole = next(iter(promised.values()))["model.safetensors"]
    server.wrong.swapped["model.safetensors"] = bytes(reversed(whole))
    fetch_all(qtbot, dialog)
    until_idle(qtbot, dialog)
    assert "refused" in said(dialog)
    assert "model.safetensors" in said(dialog)
    assert all(row._state.status != "complete" for row in rows(dialog).values())


def test_a_full_disk_is_told_before_anything_comes(qtbot, server, dialog, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage(10, 9, 1))
    fetch_all(qtbot, dialog)
    until_idle(qtbot, dialog)
    assert "not enough room" in said(dialog)
    assert server.body_bytes == 0


def test_a_fetch_goes_on_while_the_dialog_is_closed(qtbot, server, workspace):
    gate, began = threading.Event(), threading.Event()

    def hold(path):
        began.set()
        assert gate.wait(WAIT_S)

    server.wrong.on_body = hold
    window = QWidget()
    qtbot.addWidget(window)
    first = opened(qtbot, workspace, window)
    first.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    press(qtbot, first, "Fetch all")
    answer_terms(qtbot, first, "Accept")
    qtbot.waitUntil(began.is_set)
    first.close()
    qtbot.waitUntil(lambda: not isValid(first))
    second = ModelsDialog(workspace, window, devices=lambda: DEVICES)
    second.show()
    assert second.findChild(TransferProgress).isVisible()
    gate.set()
    qtbot.waitUntil(lambda: window.findChild(ModelWork).busy is None)
    assert workspace.store.state("dinov2-small").status == "complete"


# Importing, checking, removing


def test_models_are_imported_from_a_folder(qtbot, dialog, tmp_path):
    dialog.import_from(write_models(tmp_path / "stick"))
    until_idle(qtbot, dialog, "complete")
    assert "Here now" in said(dialog)
    assert button(full_card(dialog), "Use").isEnabled()


def test_a_folder_without_models_is_told_with_what_to_do(qtbot, dialog, tmp_path):
    (tmp_path / "stick").mkdir()
    dialog.import_from(tmp_path / "stick")
    until_idle(qtbot, dialog)
    assert "holds no model" in said(dialog)
    assert "sketch-app models" not in said(dialog)


def test_a_changed_byte_is_found_by_a_check_and_offered_to_be_fetched(qtbot, dialog, workspace, tmp_path):
    dialog.import_from(write_models(tmp_path / "stick"))
    until_idle(qtbot, dialog, "complete")
    weights = workspace.store.folder_of("sd-turbo") / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    press(qtbot, dialog, "Check all")
    until_idle(qtbot, dialog, "damaged", ["sd-turbo"])
    assert str(weights) in said(dialog)
    assert button(rows(dialog)["sd-turbo"], "Fetch").isEnabled()


@pytest.mark.parametrize(("answer", "status"), [("Remove", "absent"), ("Keep", "complete")])
def test_a_model_is_removed_only_when_the_person_says_so(qtbot, dialog, tmp_path, answer, status):
    dialog.import_from(write_models(tmp_path / "stick"))
    until_idle(qtbot, dialog, "complete")
    press(qtbot, rows(dialog)["sd-turbo"], "Remove")
    question = dialog.findChild(QMessageBox)
    qtbot.waitUntil(question.isVisible)
    with qtbot.waitSignal(question.finished):
        press(qtbot, question, answer)
    until_idle(qtbot, dialog, status, ["sd-turbo"])


# Which models are in use


def test_the_full_set_is_put_into_use_when_everything_is_here(qtbot, dialog, workspace, tmp_path):
    dialog.import_from(write_models(tmp_path / "stick"))
    until_idle(qtbot, dialog, "complete")
    former = workspace.search
    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, full_card(dialog), "Use")
    assert workspace.models.name == "full"
    assert workspace.search is not former
    assert load_settings(workspace.paths.settings_file).models == "full"
    assert not rows(dialog)["sd-turbo"]._remove.isEnabled()
    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, dialog.findChildren(SetCard)[0], "Use")
    assert workspace.models.name == "embedded"


def test_the_full_set_is_fetched_and_then_used_when_parts_are_missing(qtbot, server, dialog, workspace):
    card = full_card(dialog)
    assert "BLIP" in card.toolTip()
    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, card, "Fetch and use")
        answer_terms(qtbot, dialog, "Accept")
    assert workspace.models.name == "full"


def test_models_that_cannot_be_used_leave_the_former_ones_and_their_settings(
    qtbot, dialog, workspace, tmp_path
):
    dialog.import_from(write_models(tmp_path / "stick"))
    until_idle(qtbot, dialog, "complete")
    (workspace.store.folder_of("sd-turbo") / "config.json").unlink()
    former = workspace.models
    with qtbot.assertNotEmitted(dialog.models_changed):
        press(qtbot, full_card(dialog), "Use")
        until_idle(qtbot, dialog, "damaged", ["sd-turbo"])
    assert workspace.models is former
    assert load_settings(workspace.paths.settings_file).models == "embedded"
    assert "Fetch it" in said(dialog)


def test_a_dialog_closed_while_models_change_still_tells_of_the_change(qtbot, workspace, tmp_path):
    window = QWidget()
    qtbot.addWidget(window)
    dialog = opened(qtbot, workspace, window)
    dialog.import_from(write_models(tmp_path / "stick"))
    until_idle(qtbot, dialog, "complete")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    told = []
    dialog.models_changed.connect(lambda: told.append(workspace.models.name))
    press(qtbot, full_card(dialog), "Use")
    dialog.close()
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: not isValid(dialog))
    assert told == ["full"]


def test_what_the_settings_name_and_is_not_here_is_said(qtbot, tmp_path):
    workspace = make_models_workspace(tmp_path / "home")
    workspace.update_settings(models="full")
    with pytest.raises(ModelError) as missing:
        workspace.make_set("full")
    workspace.models_problem = str(missing.value)
    dialog = opened(qtbot, workspace)
    assert "not here" in said(dialog)
    workspace.close()


# Choices


def pick(box, value):
    """As a person does: `activated` is not sent for changes by the program."""
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_a_photo_model_that_is_not_here_is_offered_and_chosen_once_it_came(qtbot, server, dialog, workspace):
    choices = dialog.findChild(ModelChoices)
    pick(choices.findChildren(QComboBox)[0], "dinov2-base")
    assert workspace.settings.photo_model == "dinov2-small"
    press(qtbot, choices, "Fetch")
    answer_terms(qtbot, dialog, "Accept")
    qtbot.waitUntil(lambda: workspace.settings.photo_model == "dinov2-base")
    qtbot.waitUntil(lambda: not choices._fetch.isVisible())
    assert "dinov2-base" in rows(dialog)


def test_a_photo_model_changes_the_models_in_use(qtbot, dialog, workspace, tmp_path):
    dialog.import_from(write_models(tmp_path / "stick", (*FULL, "dinov2-base")))
    until_idle(qtbot, dialog, "complete")
    with qtbot.waitSignal(dialog.models_changed):
        press(qtbot, full_card(dialog), "Use")
    until_idle(qtbot, dialog)
    former = workspace.models.imagined.model_id
    with qtbot.waitSignal(dialog.models_changed):
        pick(dialog.findChild(ModelChoices).findChildren(QComboBox)[0], "dinov2-base")
    assert workspace.models.imagined.model_id != former


def test_devices_are_offered_by_name_and_kept(qtbot, dialog, workspace):
    box = dialog.findChild(ModelChoices).findChildren(QComboBox)[1]
    qtbot.waitUntil(box.isEnabled)
    assert [box.itemText(k) for k in range(box.count())] == [
        "Automatic: the fastest",
        "Big card",
        "Processor",
    ]
    pick(box, "cpu")
    assert load_settings(workspace.paths.settings_file).device == "cpu"


def test_a_device_that_is_gone_stays_visible(qtbot, tmp_path):
    workspace = make_models_workspace(tmp_path / "home")
    workspace.update_settings(device="cuda:7")
    dialog = opened(qtbot, workspace)
    box = dialog.findChild(ModelChoices).findChildren(QComboBox)[1]
    qtbot.waitUntil(box.isEnabled)
    assert box.currentText() == "cuda:7 (not found)"
    workspace.close()


def test_the_processor_is_among_the_devices_of_this_computer():
    assert devices_here()[-1].kind == "processor"


def test_own_weights_are_kept_and_given_up_again(dialog, workspace, tmp_path):
    field = dialog.findChildren(WeightsField)[1]
    field.chosen.emit(str(tmp_path / "mine.pkl"))
    assert workspace.settings.generator_weights == str(tmp_path / "mine.pkl")
    assert "img2img-turbo-sketch" not in rows(dialog)  # needless now
    field._clear.click()
    assert workspace.settings.generator_weights == ""
    assert "img2img-turbo-sketch" in rows(dialog)


def test_freeing_memory_lets_the_models_go_on_another_thread(qtbot, tmp_path):
    workspace = make_models_workspace(tmp_path / "home")
    threads = []
    workspace.use_models(
        replace(workspace.models, name="full", release=lambda: threads.append(threading.current_thread()))
    )
    dialog = opened(qtbot, workspace)
    press(qtbot, dialog, "Free memory")
    qtbot.waitUntil(lambda: "free again" in said(dialog))
    assert threads[0] is not threading.current_thread()
    workspace.close()


def test_memory_cannot_be_freed_where_none_is_taken(dialog):
    assert not button(dialog, "Free memory").isEnabled()


def test_the_dialog_fits_the_smallest_window(qtbot, workspace):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    dialog = opened(qtbot, workspace, window)
    assert dialog.height() <= 600
    assert dialog.width() <= 900


# Words


def real_troubles(workspace, folder):
    """What the models say when something is missing or wrong."""
    store = workspace.store
    (folder / "empty").mkdir(parents=True)
    torn = write_models(folder / "torn", ("sd-turbo",))
    (torn / "sd-turbo" / "config.json").unlink()
    pickled = write_models(folder / "pickled", ("sd-turbo",))
    (pickled / "sd-turbo" / "model.safetensors").rename(pickled / "sd-turbo" / "pytorch_model.bin")
    broken = write_models(folder / "broken", ("sd-turbo",))
    (broken / "sd-turbo" / "model.safetensors").write_bytes(b"torn")
    from sketch_app.model_store import import_folder

    for attempt in (
        lambda: store.folder_of("sd-turbo"),
        lambda: import_folder(store, folder / "empty"),
        lambda: import_folder(store, torn),
        lambda: import_folder(store, pickled),
        lambda: import_folder(store, broken),
    ):
        with pytest.raises(ModelError) as error:
            attempt()
        yield str(error.value)
    (store.folder / "models.lock.json").write_text("torn")
    with pytest.raises(ModelError) as error:
        store.state("sd-turbo")
    yield str(error.value)


def test_the_models_sentences_are_told_in_the_windows_terms(workspace, tmp_path):
    for sentence in real_troubles(workspace, tmp_path):
        assert trouble_in_words(sentence) != sentence
        assert "sketch-app models" not in trouble_in_words(sentence)


@pytest.mark.parametrize("number", range(len(_patterns())))
def test_every_known_sentence_has_words_for_all_that_it_names(number):
    pattern, words = _patterns()[number], _words()[number]
    named = {int(digit) for digit in re.findall(r"{(\d)}", words)}
    assert named <= set(range(pattern.groups))
    assert len(_patterns()) == len(_words())


def test_an_unknown_sentence_stays_as_it_is():
    assert trouble_in_words("The moon is in the way.") == "The moon is in the way."


def test_a_fresh_computer_is_offered_the_real_models_with_their_size(qtbot, tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    dialog = opened(qtbot, workspace)
    assert button(full_card(dialog), "Fetch and use").isEnabled()
    assert "GB" in button(dialog, "Fetch all").text()
    workspace.close()
