"""Everything the window says can be said in Korean, and the files that say it agree with the code."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from index.errors import DecodeError
from ui.languages import apply_language
from ui.reasons import reason_in_words, sentence_in_words

SCRIPT = Path(__file__).parents[2] / "scripts" / "translations.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("translations", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def korean(qapp):
    before = QLocale()
    assert apply_language(qapp, "ko") == "ko"
    yield
    apply_language(qapp, "en")
    QLocale.setDefault(before)


def test_every_sentence_has_a_translation(script):
    lacking = {path.name: script.missing(path) for path in (script.KOREAN, script.ENGLISH)}
    assert lacking == {script.KOREAN.name: [], script.ENGLISH.name: []}


def test_the_files_hold_exactly_what_the_code_says(script):
    assert script.changed_since_collected() == []


@pytest.mark.parametrize("language", ["KOREAN", "ENGLISH"])
def test_what_is_compiled_is_what_is_written(script, tmp_path, language):
    source = getattr(script, language)
    fresh = tmp_path / "fresh.qm"
    script.release(source, fresh)
    assert fresh.read_bytes() == source.with_suffix(".qm").read_bytes(), "run scripts/translations.py"


def test_translations_keep_every_placeholder(script):
    for path in (script.KOREAN, script.ENGLISH):
        for sentence in script.read(path):
            wanted = sorted(re.findall(r"\{\d*\}|%n|%\d", sentence.source))
            for form in sentence.forms:
                assert sorted(re.findall(r"\{\d*\}|%n|%\d", form)) == wanted, sentence


def test_korean_sentences_are_polite_and_of_one_style(script):
    """Whole sentences end in the polite -요 (해요체), never in the formal -다 or the plain style."""
    for sentence in script.read(script.KOREAN):
        for form in sentence.forms:
            for ending in re.findall(r"(\S+)[.?!](?:\s|$)", form):
                if re.search(r"[가-힣]$", ending):
                    assert ending.endswith("요") or ending.endswith("까"), form


def test_a_new_sentence_would_be_noticed(script, tmp_path):
    untranslated = tmp_path / "new.ts"
    text = script.KOREAN.read_text(encoding="utf-8")
    untranslated.write_text(re.sub(r"<translation>[^<]+<", "<translation><", text, count=1), encoding="utf-8")
    assert len(script.missing(untranslated)) == 1 + len(script.missing(script.KOREAN))


def test_korean_is_spoken_after_it_is_chosen(korean):
    assert QCoreApplication.translate("SettingsDialog", "Settings") == "설정"
    assert QLocale().language() == QLocale.Language.Korean


@pytest.mark.parametrize(("count", "expected"), [(1, "1 photo"), (2, "2 photos"), (0, "0 photos")])
def test_english_counts_have_their_plural(qapp, count, expected):
    before = QLocale()
    apply_language(qapp, "en")
    assert QCoreApplication.translate("GalleryPanel", "%n photo(s)", "", count) == expected
    QLocale.setDefault(before)


def test_a_language_nobody_has_translated_is_english(qapp):
    before = QLocale()
    assert apply_language(qapp, "fi") == "en"
    QLocale.setDefault(before)


def test_reasons_of_skipped_files_are_told_in_korean(korean):
    said = reason_in_words(
        str(DecodeError("The JPEG file is damaged or cut short (image file is truncated)."))
    )
    assert said == "JPEG 파일이 손상되었거나 중간에 끊겼어요."


@pytest.fixture
def real_sentences(tmp_path):
    """What camera and gallery say when their parts are missing, held or of another kind."""
    from device.errors import CameraError
    from device.frames import VideoFileSource, WebcamSource
    from index.errors import GalleryError
    from index.gallery import Gallery

    (tmp_path / "film.mp4").write_text("no film")
    (tmp_path / "file").write_text("no folder")
    held = Gallery.open(tmp_path / "gallery", write=True)
    attempts = {
        "카메라(99)": WebcamSource(99).open,
        "“nobody’s” 카메라": WebcamSource("nobody’s").open,
        "동영상": VideoFileSource(tmp_path / "none.mp4").open,
        "읽을 수 있는 동영상이 아니에요": VideoFileSource(tmp_path / "film.mp4").open,
        "갤러리": lambda: Gallery.open(tmp_path / "gallery", write=True),
        "열 수 있는 폴더가 아니에요": lambda: held.add_folder(tmp_path / "gone"),
    }
    said = {}
    for expected, attempt in attempts.items():
        with pytest.raises((CameraError, GalleryError)) as error:
            attempt()
        said[expected] = str(error.value)
    held.close()
    return said


def test_what_camera_and_gallery_say_is_told_in_korean(korean, real_sentences):
    for expected, sentence in real_sentences.items():
        assert expected in sentence_in_words(sentence), sentence
        again = sentence_in_words(f"{sentence} Looking for it again ...")
        assert expected in again
        assert again.endswith("다시 찾고 있어요…")


def test_every_reason_the_decoder_writes_out_is_known():
    """The literal reasons in `index/`, with made-up values in their gaps, all have words of their own."""
    source = "\n".join(path.read_text() for path in (SCRIPT.parents[1] / "index").glob("*.py"))
    literals = re.findall(r'DecodeError\(\s*f?"([^"]+)"(?:\s*"([^"]+)")?', source)
    assert len(literals) > 8
    at_hand = {  # never of a skipped file
        *("There is no photo", "The thumbnail could", "The photo is not on"),
        *("What it lies on is not connected", "The file has changed since it was added"),
        *("It is on the phone", "The file was changed in the gallery"),
    }
    for first, second in literals:
        reason = re.sub(r"\{[^}]*\}", "7", first + second)
        if not any(reason.startswith(start) for start in at_hand):
            assert reason_in_words(f"{reason}") != reason or _is_its_own_words(reason), reason


def _is_its_own_words(reason: str) -> bool:
    from ui.reasons import _patterns

    return any(pattern.fullmatch(reason) for pattern in _patterns())


def test_an_unknown_reason_is_shown_as_it_is(korean):
    assert reason_in_words("The moon is in the way.") == "The moon is in the way."


def test_compiled_files_can_be_loaded(script):
    for path in (script.KOREAN, script.ENGLISH):
        assert QTranslator().load(str(path.with_suffix(".qm")))
