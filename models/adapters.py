"""LoRA adapters in peft's own format, read more strictly than peft does. How one is made is
`models.training.lora`'s concern.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

from models.errors import WeightsError
from models.pretrained import differences, raise_first_difference
from models.safe_weights import read_safetensors, safetensors_in

_FIELDS = {
    "r",
    "lora_alpha",
    "target_modules",
    "exclude_modules",
    "rank_pattern",
    "alpha_pattern",
    "use_rslora",
    "use_dora",
    "fan_in_fan_out",
    "layers_to_transform",
    "layers_pattern",
    "modules_to_save",
    "bias",
    "lora_bias",
}
"""What an adapter's config says about the network; the rest is about training, or names other files."""


def with_adapter(network: Any, folder: Path) -> Any:
    """The network with a LoRA adapter of a folder merged into its weights.

    Raises
    ------
    WeightsError
        A file is missing, damaged, or of another model; the message names it.
    """
    import torch
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    (file,) = safetensors_in(folder, "adapter_model")
    tensors = read_safetensors(file)
    path = folder / "adapter_config.json"
    try:
        said = json.loads(path.read_text("utf-8"))
        if said.get("peft_type") != "LORA":
            raise ValueError(f"its kind is {said.get('peft_type')!r} instead of 'LORA'")
        known = _FIELDS & {f.name for f in fields(LoraConfig)}
        config = LoraConfig(**{k: said[k] for k in known & said.keys()}, inference_mode=True)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in an outdated way
            adapted = get_peft_model(network, config)
    except Exception as error:  # a damaged config may fail in any way
        raise WeightsError(
            f"{path} is no LoRA adapter for this model ({error}). Choose another adapter."
        ) from error
    wanted = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    raise_first_difference(file, differences(tensors, wanted))
    set_peft_model_state_dict(adapted, tensors)
    return adapted.merge_and_unload()
