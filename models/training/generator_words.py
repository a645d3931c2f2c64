"""Teaches a base's text encoder what words mean before any picture is made, as SD-Turbo's was (CLIP, Radford
et al. 2021): from nothing, the one word of a prompt that differs is lost among those that never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.caption_sentence import caption_sentence
from models.training.generator_prompts import tokenized

if TYPE_CHECKING:
    from models.img2img_turbo.base_model import BaseModel
    from models.training.picture_losses import ClassAlignment

_PROMPTS = ("{}", "a photo of a {}", "a picture of a {}", "a {} on a white background")
_BATCH = 64


def teach_words(
    base: BaseModel, alignment: ClassAlignment, *, steps: int = 400, rate: float = 1e-3, seed: int = 0
) -> float:
    """Pull the tokens of a class's prompts to the point of its photos, away from those of other classes.

    Returns
    -------
    float
        The share of class sentences whose own class is the nearest, 0..1.
    """
    names = [name.replace("_", " ") for name in alignment.names]
    points = alignment.points.detach().cpu()
    encoder = base.text_encoder
    training = encoder.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # Thrown away afterwards: only that a linear map can read the class in every token counts.
        read = nn.Linear(int(encoder.config.hidden_size), points.shape[1])
        encoder.train().requires_grad_(True)
        optimizer = torch.optim.AdamW([*encoder.parameters(), *read.parameters()], lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
        sentences = [tokenized(base, [caption_sentence(n) for n in names])]
        sentences += [tokenized(base, [p.format(n) for n in names]) for p in _PROMPTS]
        labels = torch.arange(len(names))
        for step in range(steps):
            some = torch.randperm(len(names))[:_BATCH]
            tokens = (sentences[0] if step % 2 else sentences[1 + step // 2 % len(_PROMPTS)])[some]
            # Of the last tokens, which have heard the whole, one at random and the mean of all.
            heard = encoder(tokens)[0]
            at = int(torch.randint(heard.shape[1] // 2, heard.shape[1], ()))
            loss = torch.zeros(())
            for vector in (heard.mean(1), heard[:, at]):
                cosines = F.normalize(read(vector), dim=1) @ points.T
                loss = loss + F.cross_entropy(16 * cosines, labels[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            encoder.eval()
            heard = encoder(sentences[0])[0]
            cosines = F.normalize(read(heard.mean(1)), dim=1) @ points.T
            _spread(encoder, heard)
    encoder.train(training)
    return float((cosines.argmax(1) == labels).float().mean())


def _spread(encoder: Any, heard: Tensor) -> None:
    """Take off what all sentences share, in the last norm's own weights: of (sentences, tokens, width), only
    what tells classes apart is left, of variance one. A UNet from nothing heard a difference of one part in
    two thousand before, and its pictures were the same whatever the prompt.
    """
    norm = encoder.text_model.final_layer_norm if hasattr(encoder, "text_model") else encoder.final_layer_norm
    mean = heard.mean((0, 1))
    deviation = (heard - heard.mean(0)).square().mean((0, 1)).sqrt().clamp(min=1e-4)
    norm.bias.copy_((norm.bias - mean) / deviation)
    norm.weight.div_(deviation)
