"""A fault nobody caught: logged with its traceback, told once, the program goes on."""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from PySide6.QtCore import qWarning
from PySide6.QtWidgets import QAbstractButton, QMessageBox

from ui.crash import CrashReporter, start_log


@pytest.fixture
def log_file(tmp_path):
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield start_log(tmp_path / "logs")
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.fixture
def reporter(qapp, log_file):
    reporter = CrashReporter(log_file)
    reporter.install()
    yield reporter
    reporter.uninstall()
    if reporter.dialog is not None:
        reporter.dialog.close()


def a_fault(message: str) -> tuple:
    try:
        raise RuntimeError(message)
    except RuntimeError:
        return sys.exc_info()


def test_the_dialog_names_the_log_and_the_log_has_the_traceback(qtbot, reporter, log_file):
    with qtbot.waitSignal(reporter.fault):
        sys.excepthook(*a_fault("the canvas fell over"))
    dialog = reporter.dialog
    assert isinstance(dialog, QMessageBox)
    assert str(log_file) in dialog.informativeText()
    assert "a_fault" in dialog.detailedText()
    assert dialog.defaultButton() is dialog.button(QMessageBox.StandardButton.Close)
    text = log_file.read_text(encoding="utf-8")
    assert "the canvas fell over" in text
    assert "Traceback" in text


def test_a_fault_on_another_thread_reaches_the_person_too(qtbot, reporter, log_file):
    def fall() -> None:
        raise ValueError("a thread fell over")

    with qtbot.waitSignal(reporter.fault) as fault:
        thread = threading.Thread(target=fall, name="tracker")
        thread.start()
        thread.join()
    assert "a thread fell over" in fault.args[0]
    assert "tracker" in log_file.read_text(encoding="utf-8")


def test_a_fault_that_repeats_opens_one_dialog(qtbot, reporter):
    for _ in range(3):
        with qtbot.waitSignal(reporter.fault):
            sys.excepthook(*a_fault("again"))
    first = reporter.dialog
    with qtbot.waitSignal(reporter.fault):
        sys.excepthook(*a_fault("again"))
    assert reporter.dialog is first
    first.button(QMessageBox.StandardButton.Close).click()
    qtbot.waitUntil(lambda: reporter.dialog is None)


def test_what_qt_says_is_in_the_log(reporter, log_file):
    qWarning("a word from Qt")
    assert "a word from Qt" in log_file.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_no_reason_to_stop(qtbot, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert start_log(tmp_path / "file" / "logs") is None
    reporter = CrashReporter(None)
    reporter.install()
    try:
        with qtbot.waitSignal(reporter.fault):
            sys.excepthook(*a_fault("without a log"))
        buttons = reporter.dialog.findChildren(QAbstractButton)
        assert not any("folder" in button.text() for button in buttons)
    finally:
        reporter.dialog.close()
        reporter.uninstall()
