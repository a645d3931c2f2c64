"""Looks, from an empty folder, at an installed sketch_app: it must be the wheel's, and whole."""

import importlib
import sys
from pathlib import Path

NEEDED = {
    "checkpoints": ("*.safetensors", "*.md", "LICENSE"),
    "ui": ("icons/*.svg", "translations/*.qm", "py.typed"),
    "device": ("virtual_hand/hand_mesh.npz", "virtual_hand/LICENSE-hand-mesh.md"),
    "sketch_app": ("py.typed",),
    "models": ("py.typed",),
    "index": ("py.typed",),
}

problems = []
for package, patterns in NEEDED.items():
    folder = Path(importlib.import_module(package).__file__ or "").parent
    if not folder.is_relative_to(sys.prefix):
        problems.append(f"{package} was imported from {folder}, not from the wheel")
    problems += [
        f"{package}/{pattern} is not in the wheel" for pattern in patterns if not any(folder.glob(pattern))
    ]
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024
    sys.stdout.write(f"{package}: {size} KiB\n")
sys.exit("\n".join(problems) or 0)
