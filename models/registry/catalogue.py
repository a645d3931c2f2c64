"""The models that the program knows, and the sets they make.

Every revision, size and hash here was read somewhere, and the entry's `source` says where; what was not read
anywhere is not written. Pages of huggingface.co are named by their path, repositories on GitHub by owner,
name and file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from models.encoder_layout import CLASSES_FILE, MOST_TOWERS, PHOTO_FILE, sketch_file
from models.registry.embedded import PACKAGE, embedded_files
from models.registry.entries import (
    HubHome,
    Licence,
    ModelEntry,
    ModelFile,
    OwnHome,
    PackageHome,
    UrlHome,
)
from models.training_record import RECORD_FILE

EMBEDDED_TERMS = Licence(
    "sketch_app embedded weights",
    "checkpoints/LICENSE",
    "Trained on research data: research and personal, non-commercial use, unless you clear the data's terms.",
    non_commercial=True,
)
# Read on the model's page (tag of Salesforce/blip-image-captioning-base).
BSD = Licence(
    "BSD-3-Clause",
    "https://huggingface.co/Salesforce/blip-image-captioning-base",
    "Any use, with the notice kept.",
    non_commercial=False,
)
# stabilityai/sd-turbo, LICENSE.md at the revision below: the agreement of July 5, 2024.
STABILITY = Licence(
    "Stability AI Community License",
    "https://huggingface.co/stabilityai/sd-turbo/blob/main/LICENSE.md",
    "Free for research and non-commercial use; commercial use is restricted and ends at an annual revenue "
    "of US $1,000,000: read the terms first.",
    non_commercial=True,
)
# GaParmar/img2img-turbo, LICENSE.
IMG2IMG_TURBO = Licence(
    "MIT, over SD-Turbo's terms",
    "https://github.com/GaParmar/img2img-turbo/blob/main/LICENSE",
    "Any use of this part, with the notice kept; it works only with SD-Turbo, whose terms forbid or "
    "restrict commercial use.",
    non_commercial=True,
)
# Tag on the models' pages; facebookresearch/dinov2, README: code and model weights.
APACHE = Licence(
    "Apache-2.0",
    "https://github.com/facebookresearch/dinov2/blob/main/LICENSE",
    "Any use, with the notice kept.",
    non_commercial=False,
)


def _own_terms(base: Licence) -> Licence:
    """Of what a person trained, over a base."""
    return Licence(
        f"{base.name}, and your data's",
        base.link,
        "The terms of the published weights it was trained from, and those of the data you trained it with.",
        non_commercial=True,
    )


_BLIP = ModelEntry(
    "blip-image-captioning-base",
    "captioner",
    "BLIP, image captioning, base",
    HubHome("Salesforce/blip-image-captioning-base"),
    tuple(
        ModelFile(path)
        for path in (
            "config.json",
            "preprocessor_config.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "tokenizer.json",
            "vocab.txt",
            "model.safetensors",
        )
    ),
    BSD,
    # The main branch holds the weights as a pickle only; this commit is the hub's own conversion bot's, which
    # added model.safetensors on a branch of its own.
    revision="9cfcdbcaccbcadb2b53b36d4b50042c4eeaa0c25",
    source="Salesforce/blip-image-captioning-base/tree/9cfcdbcaccbcadb2b53b36d4b50042c4eeaa0c25 and "
    "/tree/main",
    about_bytes=990_000_000,
)

_SD_TURBO_SMALL = (
    ModelFile("model_index.json", sha256="679fe7c2a03a419a046f4330bb2e32570d96e7a6da51b7df147d4a87bc7f775c"),
    ModelFile(
        "scheduler/scheduler_config.json",
        sha256="5599066c725fc2747a201fa3165ad7c8c3de3be629ce325451752e8f94c0d1ae",
    ),
    ModelFile(
        "tokenizer/merges.txt", sha256="9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a"
    ),
    ModelFile(
        "tokenizer/special_tokens_map.json",
        sha256="c2d0fb8b86ad86b1f46134d4a5f93fd1e688c932a78efc8d149087c33a53ad06",
    ),
    ModelFile(
        "tokenizer/tokenizer_config.json",
        sha256="516314ccab66918d7cb647480ac27abd3520d14e1e5825aac99f50c851c16071",
    ),
    ModelFile(
        "tokenizer/vocab.json", sha256="e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349"
    ),
    ModelFile(
        "text_encoder/config.json", sha256="9f6935d3d41bf8ce49b1d7ed912b29e770649d1aa3f3972215284f9397cd97d2"
    ),
    ModelFile("unet/config.json", sha256="ca09d494527ebe13343006e22b4468d45bf12aa34e76cf03639b6dbba1fb5c6d"),
    ModelFile("vae/config.json", sha256="699a58ef7ecf3bffa201a507a3eaa3eed7efabab457ac547bf82df798b52a9be"),
)
_SD_TURBO_REVISION = "b261bac6fd2cf515557d5d0707481eafa0485ec2"
_SD_TURBO_SOURCE = (
    "stabilityai/sd-turbo/tree/main (b261bac) and /commit/b261bac6fd2cf515557d5d0707481eafa0485ec2; small "
    "files: isingmodel/latent-art-bench, data/manifests/painter_feature_generation_v2/model_sd_turbo.json "
    "at 672bd93, which lists a download of that revision; "
)
# Half precision is what `pull full` fetches: half the bytes, every file of it can be pinned, a GPU computes
# in half precision anyway, and bfloat16 keeps fewer digits than these files do. They are kept under the plain
# names, so that a loader need not know which of the two it reads.
_SD_TURBO = ModelEntry(
    "sd-turbo",
    "generator",
    "SD-Turbo, half precision",
    HubHome("stabilityai/sd-turbo"),
    (
        *_SD_TURBO_SMALL,
        ModelFile(
            "text_encoder/model.safetensors",
            "text_encoder/model.fp16.safetensors",
            sha256="bc1827c465450322616f06dea41596eac7d493f4e95904dcb51f0fc745c4e13f",
        ),
        ModelFile(
            "unet/diffusion_pytorch_model.safetensors",
            "unet/diffusion_pytorch_model.fp16.safetensors",
            sha256="40ec400881e27d1376c7c95c5bd495f407b33756e80eb6365e301c33a07af6e5",
        ),
        ModelFile(
            "vae/diffusion_pytorch_model.safetensors",
            "vae/diffusion_pytorch_model.fp16.safetensors",
            sha256="3e4c08995484ee61270175e9e7a072b66a6e4eeb5f0c266667fe1f45b90daf9a",
        ),
    ),
    STABILITY,
    revision=_SD_TURBO_REVISION,
    source=_SD_TURBO_SOURCE
    + "weights: /blob/main/unet/diffusion_pytorch_model.fp16.safetensors and "
    + "/blob/0096a99066b73650354282eeef18114cf0dab75c/vae/diffusion_pytorch_model.fp16.safetensors of the "
    + "same "
    + "page, the text encoder's from that list",
    about_bytes=2_578_000_000,
)
# What the published code loads, and what a folder of its users holds.
_SD_TURBO_FP32 = ModelEntry(
    "sd-turbo-fp32",
    "generator",
    "SD-Turbo, full precision",
    HubHome("stabilityai/sd-turbo"),
    (
        *_SD_TURBO_SMALL,
        ModelFile("text_encoder/model.safetensors"),
        ModelFile(
            "unet/diffusion_pytorch_model.safetensors",
            sha256="438da6db739c8651ec4152341b8133d6896db452ea27afdb6b9b0344f0c40532",
        ),
        ModelFile("vae/diffusion_pytorch_model.safetensors"),
    ),
    STABILITY,
    revision=_SD_TURBO_REVISION,
    source=_SD_TURBO_SOURCE
    + "UNet: /blob/a07e5867da4a34595c6cfd45a4a2c13a7aaad9b5/unet/diffusion_pytorch_model.safetensors of the "
    + "page",
    about_bytes=5_155_000_000,
)


def _img2img_turbo(variant: str, title: str, file: str) -> ModelEntry:
    return ModelEntry(
        f"img2img-turbo-{variant}",
        "generator-checkpoint",
        title,
        UrlHome("https://www.cs.cmu.edu/~img2img-turbo/models/"),
        (ModelFile(file),),
        IMG2IMG_TURBO,
        source="the address: GaParmar/img2img-turbo, src/pix2pix_turbo.py",
        storage="img2img-turbo",
    )


def _dinov2(
    size: str,
    *,
    registers: bool = False,
    sha256: str | None = None,
    revision: str | None = None,
    source: str = "",
    about_bytes: int | None = None,
) -> ModelEntry:
    name = f"dinov2-with-registers-{size}" if registers else f"dinov2-{size}"
    return ModelEntry(
        name,
        "photo-embedder",
        f"DINOv2 {size}, with registers" if registers else f"DINOv2 {size}",
        HubHome(f"facebook/{name}"),
        (
            ModelFile("config.json"),
            ModelFile("preprocessor_config.json"),
            ModelFile("model.safetensors", sha256=sha256),
        ),
        APACHE,
        revision=revision,
        source=source,
        about_bytes=about_bytes,
    )


_ENTRIES = (
    ModelEntry(
        "embedded-models",
        "encoder",
        "The models that come with the program",
        PackageHome(PACKAGE),
        embedded_files(),
        EMBEDDED_TERMS,
        source="checkpoints/, by python -m models.registry.embedded",
    ),
    _BLIP,
    _SD_TURBO,
    _SD_TURBO_FP32,
    _img2img_turbo(
        "sketch", "Img2Img-Turbo, sketch to picture, stochastic", "sketch_to_image_stochastic_lora.pkl"
    ),
    _img2img_turbo("edge", "Img2Img-Turbo, edges to picture", "edge_to_image_loras.pkl"),
    _dinov2(
        "small",
        sha256="ae1e99fcefd534ed978cdeb8326f08030c96e28b7a81ffcbc98a857c84d14be1",
        revision="ed25f3a31f01632728cabb09d1542f84ab7b0056",
        source="facebook/dinov2-small/blob/ed25f3a31f01632728cabb09d1542f84ab7b0056/model.safetensors",
        about_bytes=88_200_000,
    ),
    _dinov2(
        "base",
        sha256="d73036b56966966d07975d696bde331762f37297e2f095de8cea0040c3aa0841",
        revision="c73891fc3a90e8fe9ffead361cec7058e0319f03",
        source="facebook/dinov2-base/tree/c73891fc3a90e8fe9ffead361cec7058e0319f03 and "
        "/blob/main/model.safetensors, which names that commit",
        about_bytes=346_000_000,
    ),
    _dinov2(
        "large",
        sha256="399fba97a95f22c36834418bc69373364a99af3a1153da1c0fb31db567c92e23",
        revision="0ff9d1340c9524c60f3f03e8573c57a1f8197f24",
        source="facebook/dinov2-large/tree/0ff9d1340c9524c60f3f03e8573c57a1f8197f24 and "
        "/blob/main/model.safetensors, which names that commit",
        about_bytes=1_220_000_000,
    ),
    _dinov2(
        "giant",
        sha256="917d3c470db999d32a312f8542149be91c7cbac61ee8fb4b67ae3d82b79ce21f",
        revision="3fadae38d39209beb1d18b81fc3a79f6e664a8b8",
        source="facebook/dinov2-giant/blob/3fadae38d39209beb1d18b81fc3a79f6e664a8b8/model.safetensors",
        about_bytes=4_550_000_000,
    ),
    *(_dinov2(size, registers=True) for size in ("small", "base", "large", "giant")),
    # What “sketch-app train” writes; the record tells them from published files of the same names.
    ModelEntry(
        "trained-captioner",
        "captioner",
        "Your own captioner",
        OwnHome("captioner"),
        (*_BLIP.files, ModelFile(RECORD_FILE)),
        _own_terms(BSD),
        storage="captioner",
    ),
    ModelEntry(
        "trained-encoder",
        "encoder",
        "Your own encoder",
        OwnHome("encoder"),
        (
            ModelFile(PHOTO_FILE),
            ModelFile(CLASSES_FILE),
            ModelFile(RECORD_FILE),
            ModelFile(sketch_file(1)),
            *(ModelFile(sketch_file(tower), optional=True) for tower in range(2, MOST_TOWERS + 1)),
        ),
        _own_terms(APACHE),
        storage="encoder",
    ),
    ModelEntry(
        "sketch-adapter",
        "sketch-adapter",
        "Your own adapter for sketches",
        OwnHome("sketch-adapter"),
        (ModelFile("adapter_config.json"), ModelFile("adapter_model.safetensors"), ModelFile(RECORD_FILE)),
        _own_terms(APACHE),
    ),
    # One entry for both kinds, factors over SD-Turbo and networks of one's own: it is the person's one
    # generator, the newest import takes the former's place, and nobody has to know which of the two it is.
    ModelEntry(
        "trained-generator",
        "generator",
        "Your own generator",
        OwnHome("generator"),
        (
            ModelFile("checkpoint.safetensors"),
            ModelFile(RECORD_FILE),
            *(ModelFile(f.path, of_base=True) for f in _SD_TURBO.files if "/" in f.path),
        ),
        replace(_own_terms(STABILITY), name="Its base's, and your data's"),
        storage="generator",
    ),
)

ENTRIES: Mapping[str, ModelEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every model by its name."""

SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "embedded": ("embedded-models",),
        "full": ("blip-image-captioning-base", "sd-turbo", "img2img-turbo-sketch", "dinov2-small"),
    }
)
"""What the sets are made of; any other choice is made by naming single models."""
