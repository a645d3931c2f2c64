"""A base's words for subjects: tokens are made once, embeddings by the text encoder as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.caption_sentence import caption_sentence

if TYPE_CHECKING:
    from models.img2img_turbo.base_model import BaseModel


class Prompts:
    """Subjects to (n, tokens, width), of the sentence that every generator is prompted with."""

    def __init__(self, base: BaseModel) -> None:
        self._base = base
        self._tokens: dict[str, Tensor] = {}

    @torch.no_grad()
    def __call__(self, subjects: Sequence[str], device: torch.device) -> Tensor:
        """The embeddings, on a device where the text encoder is."""
        tokens = torch.cat([self._tokenized(subject) for subject in subjects]).to(device)
        embedded: Tensor = self._base.text_encoder(tokens)[0]
        return embedded

    def _tokenized(self, subject: str) -> Tensor:
        if subject not in self._tokens:
            self._tokens[subject] = tokenized(self._base, [caption_sentence(subject)])
        return self._tokens[subject]


def tokenized(base: BaseModel, prompts: Sequence[str]) -> Tensor:
    """(n, tokens), padded as the published code pads."""
    tokenizer = base.tokenizer
    ids: Tensor = tokenizer(
        list(prompts),
        max_length=tokenizer.model_max_length,
        padding="max_length",
        truncation=True,
        return_tensors="pt",
    ).input_ids
    return ids
