"""LoRA adapters (Hu et al. 2021) for recipes: put beside a network's layers, written in peft's own format."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from models.training.errors import TrainingError


def with_lora(network: Any, targets: Sequence[str], *, rank: int, dropout: float, seed: int) -> Any:
    """Put fresh LoRA factors beside the layers whose names end in `targets`; all else stands still.

    They change nothing until they have learnt. `network` itself is changed; what is returned is peft's model
    about it.

    Raises
    ------
    TrainingError
        There is no such layer.
    """
    from peft import LoraConfig, get_peft_model

    network.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=dropout, target_modules=list(targets))
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in an outdated way
            torch.manual_seed(seed)
            return get_peft_model(network, config)
    except ValueError as error:
        raise TrainingError(f"This model has no layers {', '.join(targets)}: {error}") from error


def checkpoint_activations(network: Any) -> None:
    """Compute a transformers model's activations again on the way back: less memory, more time."""
    how = {"use_reentrant": False}
    if hasattr(network, "activation_checkpointing_enable"):  # transformers 5.23 renamed it, and warns
        network.activation_checkpointing_enable(activation_checkpointing_kwargs=how)
    else:
        network.gradient_checkpointing_enable(gradient_checkpointing_kwargs=how)


def save_adapter(adapted: Any, folder: Path, base_name: str) -> None:
    """Write ``adapter_model.safetensors`` and ``adapter_config.json``, which names the base as given.

    Raises
    ------
    OSError
        It cannot be written.
    """
    config = adapted.peft_config["default"]
    config.base_model_name_or_path = base_name  # peft would write this machine's path
    config.target_modules = sorted(config.target_modules)  # a set is written in another order every time
    # The words' embeddings never learn here; peft would ask the hub whether they did.
    adapted.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card
