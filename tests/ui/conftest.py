"""Waiting for the window: by default as long as every other test waits, not the five seconds of pytest-qt,
which a busy machine may need for one answer.
"""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.support.waiting import WAIT_MS


class PatientBot(QtBot):
    """A `QtBot` whose waits end with what they wait for, on a slow machine too."""

    def waitUntil(self, callback, *, timeout=WAIT_MS):
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal, *, timeout=WAIT_MS, **options):
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals, *, timeout=WAIT_MS, **options):
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitExposed(self, widget, *, timeout=WAIT_MS):
        return super().waitExposed(widget, timeout=timeout)

    def waitActive(self, widget, *, timeout=WAIT_MS):
        return super().waitActive(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp, request):
    """In place of pytest-qt's own."""
    return PatientBot(request)
