"""Keeps the window's translations: collects its sentences, says which lack Korean, compiles what Qt reads.

``python scripts/translations.py`` after a sentence in ``ui/`` has changed; translate what it lists in
``ui/translations/sketch_app_ko.ts`` (Qt Linguist or any editor) and run it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "ui" / "translations"
KOREAN = FOLDER / "sketch_app_ko.ts"
ENGLISH = FOLDER / "sketch_app_en.ts"
"""English holds plural forms only: "1 photo", "2 photos"."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a ``.ts`` file; `forms` are its translations (two for an English plural)."""

    context: str
    source: str
    comment: str
    numerus: bool
    unfinished: bool
    forms: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What Qt finds it by."""
        return (self.context, self.source, self.comment)


def tool(name: str) -> Path:
    """One of Qt's programs, which come in PySide6's wheel."""
    import PySide6

    folder = Path(PySide6.__file__).parent
    for candidate in (folder / name, folder / f"{name}.exe", folder / "Qt" / "libexec" / name):
        if candidate.is_file():
            return candidate
    raise SystemExit(f"Qt's {name} is not in {folder}: install PySide6-Essentials.")


def sources() -> list[Path]:
    """Every module that may say something to a person."""
    return sorted((ROOT / "ui").glob("*.py"))


def collect(korean: Path, english: Path) -> None:
    """Bring both ``.ts`` files up to date with the code; sentences no longer used are dropped."""
    for target, language, extra in ((korean, "ko_KR", ()), (english, "en_US", ("-pluralonly",))):
        command = [tool("lupdate"), *sources(), "-ts", target, "-no-obsolete", "-locations", "none"]
        command += ["-source-language", "en_US", "-target-language", language, *extra]
        _run(command)


def release(source: Path, target: Path) -> None:
    """Compile one ``.ts`` file."""
    _run([tool("lrelease"), "-silent", source, "-qm", target])


def read(path: Path) -> list[Sentence]:
    """Every sentence of a ``.ts`` file."""
    sentences = []
    for context in ET.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            assert translation is not None, path
            forms = [form.text or "" for form in translation.iter("numerusform")]
            sentences.append(
                Sentence(
                    context=context.findtext("name", ""),
                    source=message.findtext("source", ""),
                    comment=message.findtext("comment", ""),
                    numerus=message.get("numerus") == "yes",
                    unfinished=translation.get("type") is not None,
                    forms=tuple(forms) or (translation.text or "",),
                )
            )
    return sentences


def missing(path: Path) -> list[Sentence]:
    """What is not translated yet."""
    return [sentence for sentence in read(path) if sentence.unfinished or not all(sentence.forms)]


def changed_since_collected() -> list[str]:
    """Sentences by which the code and the ``.ts`` files differ; empty when they agree."""
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        fresh = {path: Path(folder) / path.name for path in (KOREAN, ENGLISH)}
        for kept, copy in fresh.items():
            copy.write_bytes(kept.read_bytes())
        collect(fresh[KOREAN], fresh[ENGLISH])
        for kept, copy in fresh.items():
            old, new = ({sentence.key for sentence in read(path)} for path in (kept, copy))
            differences += [f"{kept.name} lacks {key}" for key in sorted(new - old)]
            differences += [f"{kept.name} keeps {key}, which no code says" for key in sorted(old - new)]
    return differences


def _run(command: list[Path | str]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Collect, list what is missing, compile. Fails while a translation is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only say what is out of date")
    checking = parser.parse_args().check
    problems = []
    if checking:
        problems += changed_since_collected()
    else:
        FOLDER.mkdir(exist_ok=True)
        collect(KOREAN, ENGLISH)
        for path in (KOREAN, ENGLISH):
            release(path, path.with_suffix(".qm"))
    for path in (KOREAN, ENGLISH):
        problems += [f"{path.name}: {s.context}: {s.source!r} has no translation" for s in missing(path)]
    print("\n".join(problems) or f"{len(read(KOREAN))} sentences, all translated.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
