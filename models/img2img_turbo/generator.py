"""The Img2Img-Turbo generator as the application uses it: a sketch and a prompt in, a picture out. Which
weights and which device are the caller's; what to do when memory runs out, too.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.devices import Placement
from models.errors import Cancelled, ModelError
from models.img2img_turbo.checkpoint import Checkpoint, Variant, load_checkpoint
from models.img2img_turbo.preparation import prepared

if TYPE_CHECKING:
    from torch import Tensor

    from models.img2img_turbo.adaptation import FollowsStrength
    from models.img2img_turbo.base_model import BaseModel

Grey = NDArray[np.uint8]
"""(h, w), black on white."""
Rgb = NDArray[np.uint8]
"""(h, w, 3)."""
STAGES = ("text", "encode", "unet", "decode")
"""What a run consists of, in this order."""
_PROMPTS = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """How the networks run; none of it changes the picture but for rounding, except `tiled_vae`."""

    channels_last: bool = True
    """Keep a pixel's channels together in memory, as GPUs' convolutions like it."""
    fuse_lora: bool = True
    """Add the low-rank changes into the weights instead of computing them beside."""
    compile: bool = False
    """Let PyTorch compile the networks: the first picture of each size takes minutes."""
    tiled_vae: bool = False
    """Encode and decode in overlapping tiles: needs less memory, and large pictures differ a little."""


def never() -> bool:
    """Nobody cancels."""
    return False


class Img2ImgTurbo:
    """A loaded generator; `load` makes one. All methods may be called from any thread, one run at a time."""

    def __init__(
        self,
        base: BaseModel,
        checkpoint: Checkpoint | None,
        *,
        placement: Placement,
        options: GeneratorOptions,
        model_id: str,
    ) -> None:
        import torch

        self.placement, self.options, self.model_id = placement, options, model_id
        self.variant: Variant = checkpoint.variant if checkpoint else "trained"
        self._stochastic = checkpoint is not None and checkpoint.stochastic
        self._device = placement.torch_device
        self._lock = threading.Lock()
        self._prompts: OrderedDict[str, Tensor] = OrderedDict()
        self._step, self._tokenizer = base.step, base.tokenizer
        # Any: nothing at all after `release`.
        self._unet: Any = base.unet
        self._vae: Any = base.vae
        self._unet_layers, self._vae_layers = _adapt(base, checkpoint, placement, options)
        self._text_encoder: Any = base.text_encoder.to(self._device, placement.torch_dtype)
        self._strength: float | None = None
        runs: tuple[Any, Any, Any] = (self._unet, self._vae.encode, self._vae.decode)
        if options.compile:
            runs = (torch.compile(runs[0]), torch.compile(runs[1]), torch.compile(runs[2]))
        self._run_unet, self._encode, self._decode = runs
        if not self._stochastic:
            # The strength stays at 1 for good: the untouched weights can go.
            self._set_strength(1.0)
            if options.fuse_lora:
                self._unet_layers = ()

    @classmethod
    def load(
        cls,
        base: Path,
        checkpoint: Path | None,
        *,
        placement: Placement,
        options: GeneratorOptions = GeneratorOptions(),
        converted: Path | None = None,
        variant: Variant | None = None,
    ) -> Img2ImgTurbo:
        """Load a base model and a checkpoint for it; nothing is fetched.

        Parameters
        ----------
        base : Path
            A folder laid out as stabilityai/sd-turbo, of any size of network.
        checkpoint : Path or None
            As in `models.img2img_turbo.checkpoint.load_checkpoint`. None is where training starts: the plain
            base with faint skip convolutions.
        placement : Placement
            Device and number format.
        options : GeneratorOptions
            How it runs.
        converted, variant : optional
            As in `load_checkpoint`.

        Raises
        ------
        WeightsError
            Something is missing, damaged, or does not fit.
        RefusedFileError
            A file holds more than weights.
        """
        from models.img2img_turbo.base_model import base_fingerprint, load_base_model

        parts = load_base_model(base)
        held = None
        if checkpoint is not None:
            held = load_checkpoint(checkpoint, parts.unet, parts.vae, converted=converted, variant=variant)
        named = f"{base_fingerprint(base)} {held.sha256 if held else ''} {held.variant if held else ''}"
        model_id = f"img2img-turbo-{hashlib.sha256(named.encode()).hexdigest()[:10]}"
        return cls(parts, held, placement=placement, options=options, model_id=model_id)

    def generate(
        self,
        sketch: Grey,
        prompt: str,
        *,
        seed: int = 0,
        strength: float = 0.4,
        size: int = 256,
        tiled: bool = False,
        cancelled: Callable[[], bool] = never,
    ) -> Rgb:
        """A picture for a sketch.

        Parameters
        ----------
        sketch : ndarray, (h, w) uint8
            Black on white, of any size.
        prompt : str
            What it shall show.
        seed : int
            The same sketch, prompt, seed and device give the same picture.
        strength : float
            r in 0..1 of the stochastic variant: how far the picture follows the sketch; 0.4 as published.
            The other variants have none.
        size : int
            Side in pixels; cut to a multiple of 8 (of two to the number of the VAE's halvings).
        tiled : bool
            Run the VAE in tiles, as `GeneratorOptions.tiled_vae` does for every picture.
        cancelled : callable
            Asked before each stage.

        Returns
        -------
        ndarray, (size, size, 3) uint8
            RGB, of the size after the cut.

        Raises
        ------
        Cancelled
            `cancelled` said so.
        ModelError
            The generator was released, or its numbers are not finite in any format.
        ValueError
            A strength or a size that makes no sense.
        """
        with self._lock:
            multiple = self._multiple()
            side = size - size % multiple
            if side < multiple:
                raise ValueError(f"a picture has at least {multiple} pixels a side, not {size}")
            control = prepared(sketch, side, self.variant)
            picture = self._forward(control, prompt, seed, strength, cancelled, tiled=tiled)
            pixels = ((picture[0] + 1) * 127.5).round().clamp(0, 255).byte()
            return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())

    def forward(
        self,
        control: NDArray[np.float32],
        prompt: str,
        *,
        seed: int = 0,
        strength: float = 0.4,
        cancelled: Callable[[], bool] = never,
    ) -> NDArray[np.float32]:
        """As `generate` for an input that was prepared already: (3, h, w) in 0..1 to (3, h, w) in -1..1.

        Raises `ValueError` too when h or w is no multiple of 8.
        """
        with self._lock:
            multiple = self._multiple()
            if any(n % multiple or not n for n in control.shape[1:]):
                raise ValueError(f"{control.shape[1:]} are no multiples of {multiple}")
            picture = self._forward(control, prompt, seed, strength, cancelled)
            values: NDArray[np.float32] = picture[0].cpu().numpy()
            return values

    def release(self) -> None:
        """Free the memory, after a run that is under way; the generator cannot be used any more."""
        import torch

        with self._lock:
            self._unet = self._vae = self._text_encoder = None
            self._run_unet = self._encode = self._decode = None
            self._unet_layers = self._vae_layers = ()
            self._prompts.clear()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()

    def _multiple(self) -> int:
        if self._vae is None:
            raise ModelError("The generator was released. Load it again.")
        pixels: int = self._vae.pixels_per_cell
        return pixels

    def _forward(
        self,
        control: NDArray[np.float32],
        prompt: str,
        seed: int,
        strength: float,
        cancelled: Callable[[], bool],
        *,
        tiled: bool = False,
    ) -> Tensor:
        """(1, 3, h, w) float32 in -1..1."""
        import torch

        if not 0 <= strength <= 1:
            raise ValueError(f"a strength is between 0 and 1, not {strength}")
        r = strength if self._stochastic else 1.0
        run = partial(self._translated, tiled=tiled or self.options.tiled_vae)

        def stage(name: str) -> None:
            if cancelled():
                raise Cancelled(f"The picture is no longer wanted (before the stage {name!r}).")

        with torch.inference_mode():
            stage("text")
            self._set_strength(r)
            words = self._embedded(prompt)
            try:
                return run(control, words, seed, r, stage)
            except _NotFiniteError:
                if self._vae.dtype == torch.float32:
                    raise
                said = "The VAE's numbers are too large for %s: once more in float32."
                _log.warning(said, self.placement.dtype)
            with self._wide_vae():
                return run(control, words, seed, r, stage)

    def _translated(
        self,
        control: NDArray[np.float32],
        words: Tensor,
        seed: int,
        r: float,
        stage: Callable[[str], None],
        *,
        tiled: bool,
    ) -> Tensor:
        """The stages after the text; published as Pix2Pix_Turbo.forward in pix2pix_turbo.py."""
        import torch

        stage("encode")
        # Drawn on the processor, where a seed gives the same numbers whatever the device.
        source = torch.Generator().manual_seed(seed)
        shape = (1, self._vae.latent_channels, *(n // self._multiple() for n in control.shape[1:]))
        # In the published order: the caller's noise first, then that of the VAE's sample.
        noise = torch.randn(shape, generator=source).to(self._device) if self._stochastic else None
        sample = torch.randn(shape, generator=source).to(self._device)
        picture = self._laid_out(torch.tensor(control, device=self._device)[None])
        encoded = self._encode(picture, tiled=tiled)
        if not _finite(encoded.mean, encoded.std):
            raise _NotFiniteError
        latent = (encoded.mean + encoded.std * sample) * self._vae.scaling_factor
        if noise is not None:
            latent = latent * r + noise * (1 - r)
        stage("unet")
        timestep = torch.tensor([self._step.timestep], device=self._device)
        given = self._laid_out(latent.to(self._unet.dtype))
        predicted = self._run_unet(given, timestep, encoder_hidden_states=words, return_dict=False)[0]
        if not _finite(predicted):
            if self._unet.dtype == torch.float32:
                raise _NotFiniteError
            raise ModelError(
                f"The generator's numbers are too large for {self.placement.dtype}. "
                "Choose float32 for it in the settings."
            )
        clean = self._laid_out(self._step(latent, predicted) / self._vae.scaling_factor)
        stage("decode")
        made: Tensor = self._decode(clean, encoded, torch.tensor(r, device=self._device))
        if not _finite(made):
            raise _NotFiniteError
        return made.clamp(-1, 1)

    @contextmanager
    def _wide_vae(self) -> Iterator[None]:
        """The VAE in float32, and afterwards exactly as before: no sketch changes another one's picture."""
        self._set_vae_dtype("float32")
        try:
            yield
        finally:
            self._set_vae_dtype(self.placement.dtype)

    def _set_vae_dtype(self, dtype: str) -> None:
        import torch

        with torch.inference_mode(False):
            self._vae.to(getattr(torch, dtype))
        r, self._strength = self._strength, None
        if r is not None:
            self._set_strength(r, vae_only=True)

    def _set_strength(self, r: float, *, vae_only: bool = False) -> None:
        """Let every layer follow r; nothing to do for the r of the last run."""
        if r == self._strength:
            return
        self._strength = None  # unknown, should this break off
        for layer in self._vae_layers if vae_only else (*self._unet_layers, *self._vae_layers):
            layer.set_strength(r)
        self._strength = r

    def _embedded(self, prompt: str) -> Tensor:
        """(1, tokens, width): the text encoder's last layer; the last few prompts are remembered."""
        if prompt in self._prompts:
            self._prompts.move_to_end(prompt)
            return self._prompts[prompt]
        tokens = self._tokenizer(
            prompt,
            max_length=self._tokenizer.model_max_length,
            padding="max_length",
            truncation=True,
            return_tensors="pt",
        ).input_ids
        # Without a mask, as published: the padding is seen.
        embedded: Tensor = self._text_encoder(tokens.to(self._device))[0]
        self._prompts[prompt] = embedded
        if len(self._prompts) > _PROMPTS:
            self._prompts.popitem(last=False)
        return embedded

    def _laid_out(self, x: Tensor) -> Tensor:
        import torch

        return x.to(memory_format=torch.channels_last) if self.options.channels_last else x


class _NotFiniteError(ModelError):
    """There are numbers that are not finite, in the VAE or in spite of float32."""

    def __init__(self) -> None:
        super().__init__(
            "The generator made no picture of this sketch. Choose another seed, or get its weights again."
        )


def _finite(*tensors: Tensor) -> bool:
    import torch

    return all(bool(torch.isfinite(t).all()) for t in tensors)


def _adapt(
    base: BaseModel, checkpoint: Checkpoint | None, placement: Placement, options: GeneratorOptions
) -> tuple[tuple[FollowsStrength, ...], tuple[FollowsStrength, ...]]:
    """Put the checkpoint into UNet and VAE and these onto the device; returns what of each follows the
    strength.
    """
    import torch
    from torch import nn

    from models.img2img_turbo.adaptation import adapt

    def place(network: nn.Module) -> None:
        # Not diffusers' own `to`, which warns of a loss of precision that concerns other networks.
        nn.Module.to(network, placement.torch_device, placement.torch_dtype)
        if options.channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    if checkpoint is None:
        place(base.unet)
        place(base.vae)
        return (), ()
    unet = adapt(base.unet, checkpoint.unet, checkpoint.factors("unet"), place, fuse=options.fuse_lora)
    vae = adapt(base.vae, checkpoint.vae, checkpoint.factors("vae"), place, fuse=options.fuse_lora)
    return unet, vae
