"""Devices: what is chosen works, what cannot be had is said, and too little memory leads to the next best."""

from __future__ import annotations

import os
import subprocess
import sys
import weakref

import pytest
import torch

from models.devices import (
    Attempt,
    DeviceError,
    Placement,
    choose_placement,
    describe,
    free_bytes,
    is_out_of_memory,
    run_down_the_ladder,
)
from models.errors import ModelError, WeightsError

ABSURD = 2**60
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")


def too_big():
    return torch.empty(ABSURD)


def raised(work):
    with pytest.raises(Exception) as caught:
        work()
    return caught.value


class TestChoosing:
    @pytest.mark.parametrize("wish", ["auto", "cpu"])
    def test_what_is_chosen_multiplies(self, wish):
        placement = choose_placement(wish)
        a = torch.eye(8, device=placement.torch_device, dtype=placement.torch_dtype)
        assert (a @ a).sum().item() == 8

    def test_the_processor_is_taken_when_it_is_asked_for(self):
        assert choose_placement("cpu").device == "cpu"

    def test_without_half_precision_it_is_float32(self):
        assert choose_placement("auto", half=False).dtype == "float32"

    def test_a_processor_without_bfloat16_instructions_runs_in_float32(self):
        able = torch.cpu.get_capabilities()
        native = able.get("avx512_bf16") or able.get("amx_bf16")
        allowed = {"float32", "bfloat16"} if native else {"float32"}
        assert choose_placement("cpu").dtype in allowed

    def test_the_choice_stays_the_same(self):
        assert len({choose_placement() for _ in range(5)}) == 1

    @pytest.mark.parametrize("wish", ["cuda:99", "tpu", "cpu:1", "cuda:x", "mps:1", ""])
    def test_a_device_that_cannot_be_had_is_said_with_what_to_choose(self, wish):
        with pytest.raises(DeviceError, match=r"no .*“auto”"):
            choose_placement(wish)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
    def test_cuda_that_is_not_here_is_said(self):
        with pytest.raises(DeviceError, match="no CUDA device that PyTorch can use"):
            choose_placement("cuda")

    @pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is an MPS device here")
    def test_mps_that_is_not_here_is_said(self):
        with pytest.raises(DeviceError, match="no MPS device that PyTorch can use"):
            choose_placement("mps")

    def test_what_no_graphics_device_can_hold_goes_to_the_processor(self):
        assert choose_placement("auto", need_bytes=ABSURD).device == "cpu"

    @CUDA
    def test_a_graphics_device_asked_for_with_too_little_memory_is_said(self):
        with pytest.raises(DeviceError, match="GiB of free memory"):
            choose_placement("cuda", need_bytes=ABSURD)

    @CUDA
    def test_a_graphics_device_is_found_measured_and_described(self):
        placement = choose_placement("cuda:0")
        assert placement.device == "cuda:0"
        assert (free_bytes("cuda:0") or 0) > 0
        assert "GiB free" in describe(placement)

    def test_the_error_is_one_of_the_models(self):
        assert issubclass(DeviceError, ModelError)


def test_the_processor_is_described_with_its_cores_and_its_format():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    line = describe(Placement("cpu", "bfloat16"))
    assert line == f"processor, {cores} core{'s' * (cores != 1)}, bfloat16"
    assert describe(Placement()).endswith("single precision")
    assert describe() == describe(choose_placement())


class TestOutOfMemory:
    def test_an_allocation_that_failed_is_recognised(self):
        assert is_out_of_memory(raised(too_big))
        assert is_out_of_memory(raised(lambda: bytearray(ABSURD)))
        assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))

    def test_also_as_the_cause_of_another_error(self):
        def wrapped():
            try:
                too_big()
            except RuntimeError as error:
                raise WeightsError("the weights could not be read") from error

        assert is_out_of_memory(raised(wrapped))

    def test_other_errors_are_not(self):
        assert not is_out_of_memory(raised(lambda: torch.ones(2) @ torch.ones(3)))
        assert not is_out_of_memory(ValueError("out of memory"))


class TestTheLadder:
    def test_the_first_that_fits_is_taken_and_each_step_down_is_said(self):
        said = []
        found = run_down_the_ladder(
            [
                Attempt("512 px on the graphics card", too_big),
                Attempt("256 px on the graphics card", too_big),
                Attempt("256 px on the processor, which is slower", lambda: "picture"),
                Attempt("never", lambda: pytest.fail("went too far down")),
            ],
            say=said.append,
        )
        assert found == "picture"
        assert said == [
            "512 px on the graphics card: did not fit into the memory. Now 256 px on the graphics card.",
            "256 px on the graphics card: did not fit into the memory. "
            "Now 256 px on the processor, which is slower.",
        ]

    def test_nothing_is_said_when_the_first_fits(self):
        assert run_down_the_ladder([Attempt("at once", lambda: 7)], say=pytest.fail) == 7

    def test_when_not_even_the_last_fits_a_sentence_says_what_to_do(self):
        with pytest.raises(DeviceError, match=r"Not even .*: 256 px.*Close other programs") as caught:
            run_down_the_ladder([Attempt("512 px", too_big), Attempt("256 px", too_big)], say=lambda _: None)
        assert is_out_of_memory(caught.value.__cause__)

    def test_graphics_memory_is_called_by_its_name(self):
        said = []

        def full():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

        run_down_the_ladder([Attempt("512 px", full), Attempt("256 px", lambda: 1)], say=said.append)
        assert said == ["512 px: did not fit into the graphics memory. Now 256 px."]

    def test_any_other_error_passes_at_once(self):
        def wrong():
            raise KeyError("wrong")

        with pytest.raises(KeyError, match="wrong"):
            run_down_the_ladder([Attempt("a", wrong), Attempt("b", pytest.fail)], say=pytest.fail)

    def test_what_a_failed_attempt_held_is_gone_before_the_next_one_starts(self):
        held = []

        def greedy():
            layers = torch.ones(1000)
            held.append(weakref.ref(layers))
            try:
                too_big()
            except RuntimeError as error:
                raise WeightsError("the model could not be loaded") from error

        def modest():
            return held[0]()

        assert run_down_the_ladder([Attempt("a", greedy), Attempt("b", modest)], say=lambda _: None) is None

    def test_nothing_to_attempt_is_a_mistake(self):
        with pytest.raises(ValueError, match="nothing"):
            run_down_the_ladder([], say=lambda _: None)


def test_importing_these_modules_imports_nothing_heavy():
    code = (
        "import sys, models.devices, models.safe_weights, models.captioner, models.photo_embedder\n"
        "print(sorted({'torch', 'transformers', 'peft', 'safetensors'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
