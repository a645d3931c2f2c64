"""A model that is loaded once, moves to where there is room, and can be let go."""

from __future__ import annotations

import pytest
import torch

from models.devices import DeviceError
from sketch_app.resident import Resident, Way, Words


class Model:
    def __init__(self, place):
        self.place, self.released = place, False

    def release(self):
        self.released = True


def too_much(_):
    """A real allocation that no machine can serve."""
    return torch.empty(1 << 60, dtype=torch.uint8)


@pytest.fixture
def made():
    return []


@pytest.fixture
def words():
    return Words()


@pytest.fixture
def resident(made, words):
    def load(place):
        made.append(Model(place))
        return made[-1]

    return Resident(load, wish="cpu", need_bytes=0, say=words.say)


def test_it_is_loaded_at_the_first_use_and_once(resident, made):
    assert not resident.is_loaded
    assert made == []
    one = resident.use([Way("work", lambda m: m)])
    assert resident.use([Way("work", lambda m: m)]) is one
    assert len(made) == 1
    assert resident.placement.device == "cpu"


def test_released_it_is_loaded_anew_at_the_next_use(resident, made):
    resident.use([Way("work", lambda m: m)])
    resident.release()
    assert made[0].released
    assert not resident.is_loaded
    resident.use([Way("work", lambda m: m)])
    assert len(made) == 2


def test_what_does_not_fit_is_done_in_a_smaller_way_with_a_word(resident, words):
    done = resident.use([Way("the picture at 512 px", too_much), Way("the picture at 256 px", lambda _: 256)])
    assert done == 256
    said = words.take()
    assert "512 px" in said
    assert "256 px" in said
    assert words.take() is None


def test_where_nothing_fits_a_sentence_says_so(resident):
    with pytest.raises(DeviceError, match="the picture"):
        resident.use([Way("the picture", too_much)])
    assert resident.use([Way("work", lambda _: "fine")]) == "fine"


def test_other_errors_pass_through(resident):
    def broken(_):
        raise KeyError("name")

    with pytest.raises(KeyError):
        resident.use([Way("work", broken), Way("never", lambda _: None)])


def test_a_device_that_does_not_suffice_gives_way_to_the_processor(made, words):
    """The "meta" device stands for a graphics device: PyTorch has it everywhere, and it is not "cpu"."""

    def load(place):
        made.append(Model(place))
        return made[-1]

    from models.devices import Placement

    resident = Resident(load, wish="cpu", need_bytes=0, say=words.say)
    resident._place = Placement("meta", "float16")
    found = resident.use([Way("the picture", lambda m: too_much(m) if m.place.device == "meta" else m)])
    assert found.place.device == "cpu"
    assert made[0].released
    assert "processor, which is slower" in words.take()
    resident.use([Way("the picture", lambda m: m)])
    assert len(made) == 2  # it stays there
