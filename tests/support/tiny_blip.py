"""A BLIP small enough to be made in a test, in the files and keys of Salesforce/blip-image-captioning-base,
with a checkpoint and an adapter for it.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch

CLASSES = """
    airplane apple axe bear bicycle bird butterfly camel cannon car castle cat chair church couch cow
    cup dog duck elephant fish flower giraffe guitar hat horse house key knife lion mouse mushroom owl
    pear piano pizza rabbit sailboat shark sheep shoe snake spider spoon star table teapot tiger tree
    turtle umbrella violin zebra
"""
_WORDS = """
    a an the of on in and with is drawing sketch black white background convert into high resolution
    color image hot air balloon ice cream t shirt - ' , .
"""
VOCABULARY = f"[PAD] [UNK] [CLS] [SEP] [MASK] {_WORDS} {CLASSES} ##s ##ing".split()
"""As BERT's, in order of their numbers."""
SIDE = 48
"""Pixels of the pictures it sees; the real one's are 384."""
TARGETS = ("query", "value", "qkv")
"""Layers that the adapter changes, in the decoder and in the vision part."""


def tiny_blip_config():
    from transformers import BlipConfig

    words = len(VOCABULARY)
    return BlipConfig(
        text_config={
            "vocab_size": words + 2,  # two more than the tokenizer knows: [DEC] begins a caption, [ENC]
            "bos_token_id": words,
            "eos_token_id": 2,
            "pad_token_id": 0,
            "sep_token_id": VOCABULARY.index("[SEP]"),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "initializer_range": 0.2,
        },
        vision_config={
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": SIDE,
            "patch_size": 16,
            "initializer_range": 0.2,
        },
        projection_dim=32,
        image_text_hidden_size=32,
    )


def write_tiny_blip(folder: Path, *, seed: int = 0, network=None) -> Path:
    """Write a whole model: random, or the network given (of `tiny_blip_config`)."""
    from transformers import BertTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    (network or _random(seed)).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)  # the published model has none
    (folder / "vocab.txt").write_text("".join(f"{w}\n" for w in VOCABULARY), "utf-8")
    BertTokenizer.from_pretrained(folder).save_pretrained(folder)
    (folder / "special_tokens_map.json").write_text(
        json.dumps(
            {
                "cls_token": "[CLS]",
                "mask_token": "[MASK]",
                "pad_token": "[PAD]",
                "sep_token": "[SEP]",
                "unk_token": "[UNK]",
            }
        )
    )
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "do_normalize": True,
                "do_resize": True,
                "image_mean": [0.48145466, 0.4578275, 0.40821073],
                "image_processor_type": "BlipImageProcessor",
                "image_std": [0.26862954, 0.26130258, 0.27577711],
                "processor_class": "BlipProcessor",
                "resample": 3,
                "size": {"height": SIDE, "width": SIDE},
            }
        )
    )
    return folder


def write_tiny_blip_checkpoint(
    path: Path, folder: Path, *, prefix: str = "", seed: int | None = None
) -> Path:
    """A training checkpoint ``{"model_state_dict": ...}``: of the model in `folder`, or of a random one.

    `prefix` goes before each key, as DataParallel puts "module.". The counter `position_ids`, which older
    versions of transformers saved, is in it too.
    """
    network = _read(folder) if seed is None else _random(seed)
    state = {prefix + k: v for k, v in network.state_dict().items()}
    state[f"{prefix}text_decoder.bert.embeddings.position_ids"] = torch.arange(64)[None]
    torch.save({"epoch": 3, "model_state_dict": state, "loss": 0.25}, path)
    return path


def write_tiny_blip_adapter(folder: Path, base: Path, *, seed: int = 1) -> Path:
    """A LoRA adapter as peft saves it, none of whose factors is zero."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=4, lora_alpha=16, target_modules=list(TARGETS), lora_dropout=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in an outdated way
        adapted = get_peft_model(_read(base), config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    adapted.save_pretrained(folder, save_embedding_layers=False)
    return folder


def _random(seed: int):
    from transformers import BlipForConditionalGeneration

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = BlipForConditionalGeneration(tiny_blip_config())
        for parameter in network.parameters():  # biases and norms too, or leaving one out would not show
            parameter.data += 0.02 * torch.randn_like(parameter)
    return network.eval()


def _read(folder: Path):
    from transformers import BlipForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    return BlipForConditionalGeneration.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, attn_implementation="eager"
    )
