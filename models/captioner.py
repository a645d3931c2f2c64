"""BLIP, which says in words what a sketch shows: base weights, with fine-tuned ones or an adapter over them.

How a caption becomes the generator's prompt is in `models.caption_sentence`; where the files come from is
another module's business.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.adapters import with_adapter
from models.caption_sentence import caption_sentence, subject_of
from models.devices import Placement, free_cached_memory
from models.errors import Cancelled, ModelError, WeightsError
from models.pretrained import differences, load_pretrained, raise_first_difference
from models.safe_weights import Weights, convert_once, read_safetensors

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BertTokenizer, BlipForConditionalGeneration, BlipImageProcessorPil

_FEWEST_BEAMS = 4
"""Probabilities are shares among the beams: fewer would make the first look surer than it is."""
LONGEST = 40
"""Tokens of a caption: the sentence has 15 and a class of a few words."""
_CONVERTED_KIND = "blip.state-dict.1"
_WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before each key."""
_TIED = {
    "text_decoder.cls.predictions.decoder.weight": "text_decoder.bert.embeddings.word_embeddings.weight",
    "text_decoder.cls.predictions.decoder.bias": "text_decoder.cls.predictions.bias",
}
"""Two names of one tensor; a file may have both or either."""
Grey = NDArray[np.uint8]


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Caption:
    """One thing that a sketch may show."""

    text: str
    """As the model said it."""
    subject: str
    """What it is about: "hot air balloon". Never empty."""
    probability: float
    """0..1: this subject's share of the probability of all the captions that were found. The share is of the
    likeliest few, not of all that could be said, so it is higher than the model's own.
    """

    @property
    def sentence(self) -> str:
        """The subject as the generator's prompt."""
        return caption_sentence(self.subject)


class BlipCaptioner:
    """Captions of sketches; made by `load`. Any thread may use it, one at a time runs.

    Parameters
    ----------
    network, processor, tokenizer
        The parts of a BLIP, the network in its place.
    placement : Placement
        Where the network is.
    """

    def __init__(
        self,
        network: BlipForConditionalGeneration,
        processor: BlipImageProcessorPil,
        tokenizer: BertTokenizer,
        placement: Placement,
    ) -> None:
        self._network: BlipForConditionalGeneration | None = network
        self._processor = processor
        self._tokenizer = tokenizer
        self._placement = placement
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        base: Path,
        *,
        fine_tuned: Path | None = None,
        converted: Path | None = None,
        placement: Placement | None = None,
    ) -> BlipCaptioner:
        """Read the model.

        Parameters
        ----------
        base : Path
            Folder in the layout of ``Salesforce/blip-image-captioning-base``.
        fine_tuned : Path, optional
            One of: a folder with a whole model; a folder with a LoRA adapter of peft; a safetensors file; a
            checkpoint ``{"model_state_dict": ...}``, which is converted once to safetensors.
        converted : Path, optional
            Where the converted checkpoint goes; ``<checkpoint>.safetensors`` beside it when not given. With
            that file there the checkpoint itself is not needed any more.
        placement : Placement, optional
            The processor in float32 when not given.

        Raises
        ------
        WeightsError
            A file is missing, damaged or of another model; the message names it and the first key that
            differs. `RefusedFileError` when it is a pickle that holds more than weights, or stands where only
            safetensors may.
        """
        import torch
        from transformers import (
            BertTokenizer,
            BlipForConditionalGeneration,
            BlipImageProcessorPil,
            GenerationConfig,
        )

        placement = placement or Placement()
        adapter = fine_tuned is not None and (fine_tuned / "adapter_config.json").is_file()
        whole = fine_tuned if fine_tuned is not None and fine_tuned.is_dir() and not adapter else base
        # In float32 at first: what is added below is added exactly.
        network = load_pretrained(BlipForConditionalGeneration, whole, dtype=torch.float32, attention="eager")
        if fine_tuned is not None and adapter:
            network = with_adapter(network, fine_tuned)
        elif fine_tuned is not None and whole is base:
            _put_state(network, fine_tuned, converted)
        network.to(device=placement.torch_device, dtype=placement.torch_dtype)
        network.eval().requires_grad_(False)
        # The search is this module's: nothing that a folder's files say changes it.
        network.text_decoder.generation_config = GenerationConfig()
        processor = read_part(BlipImageProcessorPil, "preprocessor_config.json", whole, base)
        tokenizer = read_part(BertTokenizer, "vocab.txt", whole, base)
        return cls(network, processor, tokenizer, placement)

    @property
    def placement(self) -> Placement:
        """Where it runs."""
        return self._placement

    def captions(
        self, sketch: Grey, *, limit: int = 5, cancelled: Callable[[], bool] = _never
    ) -> tuple[Caption, ...]:
        """What a sketch may show, best first.

        Beam search over whole captions; those about the same subject are one, with the likeliest one's words
        and the sum of the probabilities. The same sketch gives the same captions.

        Parameters
        ----------
        sketch : (h, w) uint8
            Black on white, square, cropped and centred.
        limit : int
            At most so many; fewer come when several captions are about the same. None come when the model
            finds no word for what is drawn.
        cancelled : callable
            Asked before each stage and after each word.

        Raises
        ------
        Cancelled
            `cancelled` said so.
        ModelError
            The captioner was released.
        """
        return self.captions_of([sketch], limit=limit, cancelled=cancelled)[0]

    def captions_of(
        self, sketches: Sequence[Grey], *, limit: int = 5, cancelled: Callable[[], bool] = _never
    ) -> list[tuple[Caption, ...]]:
        """`captions` of several sketches in one pass, which is quicker on a graphics device."""
        if limit < 1:
            raise ValueError(f"limit is {limit}, and has to be at least 1")
        if not sketches:
            return []
        beams = max(limit, _FEWEST_BEAMS)
        with self._lock:
            _stop_if(cancelled)
            tokens, scores = self._search(sketches, beams, cancelled)
        texts = [as_written(t) for t in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]
        shares = _softmax(scores.reshape(len(sketches), beams))
        return [_merged(texts[i * beams : (i + 1) * beams], shares[i], limit) for i in range(len(sketches))]

    def release(self) -> None:
        """Free the memory; the captioner is of no use afterwards."""
        with self._lock:
            self._network = None
        free_cached_memory()

    def _search(
        self, sketches: Sequence[Grey], beams: int, cancelled: Callable[[], bool]
    ) -> tuple[Tensor, NDArray[np.float64]]:
        """Tokens (n * beams, length) and log probabilities (n * beams,) of the captions found."""
        import torch
        from transformers import StoppingCriteriaList

        if self._network is None:
            raise ModelError("The captioner was released: load it again.")

        def stop(tokens: Tensor, scores: Any, **_: Any) -> Tensor:
            _stop_if(cancelled)
            return torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)

        pixels = sketch_pixels(self._processor, sketches)
        with torch.inference_mode():
            found = self._network.generate(
                pixels.to(self._placement.torch_device, self._placement.torch_dtype),
                num_beams=beams,
                num_return_sequences=beams,
                do_sample=False,
                max_new_tokens=LONGEST,
                length_penalty=0.0,  # scores are then the captions' log probabilities
                early_stopping=False,
                output_scores=True,
                return_dict_in_generate=True,
                stopping_criteria=StoppingCriteriaList([stop]),
            )
        return found.sequences.cpu(), found.sequences_scores.double().cpu().numpy()


def sketch_pixels(processor: Any, sketches: Sequence[Grey]) -> Tensor:
    """What BLIP looks at: (n, 3, side, side) float32, of the side and the colours that its processor says.

    Parameters
    ----------
    processor : BlipImageProcessorPil
    sketches : sequence of (h, w) uint8
        Black on white, square, cropped and centred.
    """
    pictures = [np.repeat(np.asarray(s)[:, :, None], 3, axis=2) for s in sketches]
    made = processor(images=pictures, input_data_format="channels_last", return_tensors="pt")
    pixels: Tensor = made["pixel_values"]
    return pixels


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("The caption is no longer wanted.")


def as_written(text: str) -> str:
    """Words as people write them: a tokenizer sets spaces around hyphens and apostrophes
    ("high - resolution").
    """
    return re.sub(r"\s*([-'’])\s*", r"\1", text).strip()


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


def _merged(texts: Sequence[str], shares: NDArray[np.float64], limit: int) -> tuple[Caption, ...]:
    found: dict[str, Caption] = {}
    for i in np.argsort(-shares, kind="stable"):
        subject = subject_of(texts[i])
        if not subject:
            continue
        known = found.get(subject)
        text, before = (known.text, known.probability) if known else (texts[i], 0.0)
        found[subject] = Caption(text, subject, before + float(shares[i]))
    return tuple(sorted(found.values(), key=lambda c: -c.probability)[:limit])


def read_part(kind: Any, file: str, *folders: Path) -> Any:
    """A processor or tokenizer from the first folder that has its file."""
    for folder in folders:
        if (folder / file).is_file():
            try:
                return kind.from_pretrained(folder, local_files_only=True)
            except Exception as error:  # a damaged file may fail in any way
                raise WeightsError(f"{folder / file} is damaged ({error}). Get the model again.") from error
    raise WeightsError(f"{folders[-1] / file} is missing. Get the model again.")


def _put_state(network: Any, source: Path, converted: Path | None) -> None:
    """Fill a network from a file that holds all of its weights."""
    wanted = network.state_dict()
    if source.suffix.lower() == ".safetensors":
        tensors: Mapping[str, Tensor] = _checked(read_safetensors(source), wanted, source)
    else:
        target = converted or source.with_name(source.name + ".safetensors")
        known = convert_once(
            source, target, lambda held: _from_checkpoint(held, wanted, source), kind=_CONVERTED_KIND
        )
        tensors = _checked(known.tensors, wanted, target)
    network.load_state_dict(tensors)


def _from_checkpoint(held: dict[str, Any], wanted: Mapping[str, Tensor], source: Path) -> Weights:
    state = held.get("model_state_dict")
    if not isinstance(state, dict):
        has = ", ".join(sorted(map(str, held))[:5]) or "nothing"
        raise WeightsError(
            f"{source} is no checkpoint of a captioner: it has no “model_state_dict”, but {has}. "
            "Choose another file."
        )
    return Weights(_checked({str(k): v for k, v in state.items()}, wanted, source))


def _checked(tensors: Mapping[str, Any], wanted: Mapping[str, Tensor], source: Path) -> dict[str, Tensor]:
    """The same weights under the network's own names, or a `WeightsError` naming the first that differs."""
    from torch import Tensor

    state = {}
    for key, value in tensors.items():
        name = key
        while name.startswith(_WRAPPERS):
            name = name.partition(".")[2]
        if not name.endswith(".position_ids"):  # a counter, which older versions saved too
            state[name] = value
    for name, twin in _TIED.items():
        for here, there in ((name, twin), (twin, name)):
            if here not in state and there in state:
                state[here] = state[there]
    raise_first_difference(source, {k: "is no tensor" for k, v in state.items() if not isinstance(v, Tensor)})
    raise_first_difference(source, differences(state, wanted))
    return state
