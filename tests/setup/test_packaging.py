"""What the project declares, what its wheel holds, and how light its command line starts."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("sketch_app", "models", "index", "ui", "device", "checkpoints")
# What a machine without a compiler or a screen would notice, or a person who only asked for help.
HEAVY = ("torch", "transformers", "diffusers", "peft", "mediapipe", "cv2", "faiss", "PySide6")


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def pinned_version(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "=="
    return pin.version


def tracked_files() -> list[Path]:
    """The project's files, committed or about to be, as a clone would have them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "declared",
    [
        *PROJECT["dependencies"],
        *(line for lines in PROJECT["optional-dependencies"].values() for line in lines),
    ],
)
def test_every_declared_requirement_has_a_pin_that_satisfies_it(declared: str):
    requirement = Requirement(declared)
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pinned_version(pin))


def test_what_is_installed_here_is_what_was_proven():
    differing = {}
    for name, pin in pins().items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # of another platform, or of an extra that was not asked for
        if installed.partition("+")[0] != pinned_version(pin):
            differing[name] = installed
    assert not differing


@pytest.mark.parametrize("name", ["torchvision", "timm"])
def test_what_breaks_the_cpu_build_of_torch_is_not_installed(name: str):
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version(name)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_command_line_answers_without_anything_heavy(arguments: list[str]):
    question = (
        "import sys; sys.argv = ['sketch-app', *sys.argv[1:]]\n"
        "from sketch_app.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('heavy:', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", question, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1].strip() == "heavy:"


@pytest.mark.parametrize("package", ["sketch_app", "device", "index", "models", "checkpoints"])
def test_a_package_is_imported_without_anything_heavy(package: str):
    loaded = f"import sys, {package}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a clean copy of the files that a clone would have."""
    folder = tmp_path_factory.mktemp("wheel")
    packed = folder / "source.tar"
    with tarfile.open(packed, "w") as archive:
        for name in tracked_files():
            if name.parts[0] in PACKAGES or len(name.parts) == 1:
                archive.add(ROOT / name, arcname=str(name))
    source = folder / "source"
    with tarfile.open(packed) as archive:
        archive.extractall(source, filter="data")
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "-q", "-w", str(folder), str(source)]
    built = subprocess.run([sys.executable, "-m", "pip", *build], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("sketch_app-*-py3-none-any.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel: zipfile.ZipFile):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    ours = {name.as_posix() for name in tracked_files() if name.parts[0] in PACKAGES}
    # Sources that the built files stand for, and .ts files, whose compiled .qm is what the program reads.
    left_out = {name for name in ours if name.endswith(".ts")}
    assert inside == ours - left_out


@pytest.mark.parametrize(
    "pattern",
    [
        "checkpoints/*.safetensors",
        "checkpoints/*.md",
        "ui/icons/*.svg",
        "ui/translations/*.qm",
        "device/virtual_hand/hand_mesh.npz",
        "sketch_app/py.typed",
    ],
)
def test_the_wheel_holds_what_the_program_reads_at_run_time(wheel: zipfile.ZipFile, pattern: str):
    assert [name for name in wheel.namelist() if Path(name).match(pattern)]


def test_the_wheel_carries_every_licence_and_the_command(wheel: zipfile.ZipFile):
    names = wheel.namelist()
    for licence in PROJECT["license-files"]:
        assert [name for name in names if name.endswith(f".dist-info/licenses/{licence}")], licence
    (entry_points,) = (name for name in names if name.endswith("/entry_points.txt"))
    assert "sketch-app = sketch_app.cli:main" in wheel.read(entry_points).decode()


def test_the_readme_names_the_commands_that_run_py_has():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("python3 run.py\n", "python3 run.py test\n", "python3 run.py open\n"):
        assert command in readme
