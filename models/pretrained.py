"""Loading transformers' models from folders, more strictly than the library does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.devices import is_out_of_memory
from models.errors import WeightsError
from models.safe_weights import read_safetensors, safetensors_in

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def hide_progress_bars() -> None:
    """Keep the libraries' own bars out of whatever terminal there is: the program has its own."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def load_pretrained(
    model_class: Any, folder: Path, *, dtype: torch.dtype, attention: str = "sdpa", stem: str = "model"
) -> Any:
    """A transformers model from a folder in the layout of its public home, in eval mode on the processor.

    Stricter than ``from_pretrained``: reads safetensors alone, and a key too many or too few is an error, not
    a random layer. Kept counters (``position_ids``), which older versions saved too, are let pass.

    Parameters
    ----------
    model_class : type
        A ``PreTrainedModel``.
    attention : str
        "sdpa", or "eager" where the model has no other; what the folder's config asks for is not followed.

    Raises
    ------
    RefusedFileError, WeightsError
        Of `safetensors_in` and `read_safetensors`; or the config or the weights are not of this model: the
        message names the first key that differs.
    """
    hide_progress_bars()
    files = safetensors_in(folder, stem)
    try:
        kind = json.loads((folder / "config.json").read_text("utf-8"))["model_type"]
        if kind != model_class.config_class.model_type:  # transformers goes on with a default config
            raise ValueError(f"it is of {kind!r}")
        config = model_class.config_class.from_pretrained(folder, local_files_only=True)
        tensors = {k: v for file in files for k, v in read_safetensors(file).items()}
        model, report = model_class.from_pretrained(
            None,
            config=config,
            state_dict={k: v for k, v in tensors.items() if not k.endswith(".position_ids")},
            dtype=dtype,
            attn_implementation=attention,
            ignore_mismatched_sizes=True,  # reported below
            output_loading_info=True,
        )
    except Exception as error:  # a damaged config may fail in any way
        if isinstance(error, WeightsError) or is_out_of_memory(error):
            raise
        raise WeightsError(
            f"{folder / 'config.json'} is missing or does not describe this model ({error}). Get it again."
        ) from error
    wrong = dict.fromkeys(report["missing_keys"], "is missing")
    wrong |= dict.fromkeys(report["unexpected_keys"], "is not known to this model")
    wrong |= {k: f"is {tuple(has)}, not {tuple(needs)}" for k, has, needs in report["mismatched_keys"]}
    raise_first_difference(files[0], wrong)
    return model.eval().requires_grad_(False)


def differences(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, str]:
    """What keeps `tensors` from being loaded where `wanted` are: key -> what is wrong with it."""
    wrong = dict.fromkeys(wanted.keys() - tensors.keys(), "is missing")
    wrong |= dict.fromkeys(tensors.keys() - wanted.keys(), "is not known to this model")
    for key in wanted.keys() & tensors.keys():
        if tensors[key].shape != wanted[key].shape:
            wrong[key] = f"is {tuple(tensors[key].shape)}, not {tuple(wanted[key].shape)}"
    return wrong


def raise_first_difference(path: Path, wrong: Mapping[str, str]) -> None:
    """Raise a `WeightsError` that names the file and the first key in alphabetical order, if there is one."""
    if wrong:
        key = min(wrong)
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise WeightsError(
            f"{path} does not fit the model: {key} {wrong[key]}{more}. Choose the file made for this model."
        )
