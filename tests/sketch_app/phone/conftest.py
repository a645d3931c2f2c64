"""The rig: one adb server of its own for all tests here, and phones on it."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.support.phone.rig import Rig, RigUnavailable

_numbers = itertools.count()


@pytest.fixture(scope="session")
def rig(tmp_path_factory):
    try:
        made = Rig(tmp_path_factory.mktemp("rig"))
    except RigUnavailable as reason:
        pytest.skip(f"no test phone on this machine: {reason}")
    before = {name: os.environ.get(name) for name in made.environment}
    os.environ.update(made.environment)
    yield made
    made.close()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture
def phone(rig):
    """A phone of its own for one test, plugged in."""
    made = rig.phone(f"R3CX10SYNC{next(_numbers)}")
    made.plug()
    yield made
    made.unplug()
    made.stop()
