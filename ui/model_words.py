"""Models in plain words: what each is for, how large it is, its terms; and the sentences of `models` in the
person's language, with the window's buttons in place of commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from sketch_app.model_store import EntryState, Licence, ModelEntry, in_words


def role_in_words(entry: ModelEntry) -> str:
    """What a model does."""
    translate = QCoreApplication.translate
    return {
        "encoder": translate("ModelWords", "Finds photos by your sketch and names it"),
        "captioner": translate("ModelWords", "Names your sketch"),
        "generator": translate("ModelWords", "Imagines a picture"),
        "generator-checkpoint": translate("ModelWords", "Follows your sketch"),
        "photo-embedder": translate("ModelWords", "Compares the picture with your photos"),
        "sketch-adapter": translate("ModelWords", "Finds photos by the sketch itself"),
    }.get(entry.role, "")


def title_in_words(entry: ModelEntry) -> str:
    """A model's name, without what only its makers need."""
    if entry.is_own:
        return QCoreApplication.translate("ModelWords", entry.title)
    return entry.title.split(",")[0] if entry.role in ("captioner", "generator-checkpoint") else entry.title


def size_in_words(entry: ModelEntry, state: EntryState) -> str:
    """How large it is, as far as that is known."""
    translate = QCoreApplication.translate
    if state.bytes_total is not None:
        return in_words(state.bytes_total)
    if entry.about_bytes is not None:
        return translate("ModelWords", "about {0}").format(in_words(entry.about_bytes))
    return translate("ModelWords", "size not known yet")


def size_of_all(entries: Iterable[tuple[ModelEntry, EntryState]]) -> str:
    """How much is still to come of several models; empty where nothing is known."""
    translate = QCoreApplication.translate
    known, whole = 0, True
    for entry, state in entries:
        size = state.bytes_total if state.bytes_total is not None else entry.about_bytes
        whole = whole and size is not None
        known += max(0, (size or 0) - state.bytes_here)
    if not known:
        return ""
    template = translate("ModelWords", "about {0}") if whole else translate("ModelWords", "at least {0}")
    return template.format(in_words(known))


def state_in_words(state: EntryState) -> str:
    """Whether it is here."""
    translate = QCoreApplication.translate
    if state.status == "complete":
        return translate("ModelWords", "Here")
    if state.status == "damaged":
        return translate("ModelWords", "Damaged")
    if state.status == "absent":
        return translate("ModelWords", "Not here")
    if state.bytes_total is None:
        return translate("ModelWords", "{0} here").format(in_words(state.bytes_here))
    here, total = in_words(state.bytes_here), in_words(state.bytes_total)
    return translate("ModelWords", "{0} of {1} here").format(here, total)


_OWN_TITLES = (  # of the models that a person trains, in `models.registry.catalogue`, for the translators
    QT_TRANSLATE_NOOP("ModelWords", "Your own encoder"),
    QT_TRANSLATE_NOOP("ModelWords", "Your own captioner"),
    QT_TRANSLATE_NOOP("ModelWords", "Your own generator"),
    QT_TRANSLATE_NOOP("ModelWords", "Your own adapter for sketches"),
)
_MEANINGS = (  # of the licences in `models.registry.catalogue`, for the translators
    QT_TRANSLATE_NOOP("ModelWords", "Any use, with the notice kept."),
    QT_TRANSLATE_NOOP(
        "ModelWords",
        "Free for research and non-commercial use; commercial use is restricted and ends at an annual "
        "revenue of US $1,000,000: read the terms first.",
    ),
    QT_TRANSLATE_NOOP(
        "ModelWords",
        "Any use of this part, with the notice kept; it works only with SD-Turbo, whose terms forbid or "
        "restrict commercial use.",
    ),
    QT_TRANSLATE_NOOP(
        "ModelWords",
        "The terms of the published weights it was trained from, and those of the data you trained it with.",
    ),
)


def meaning_in_words(licence: Licence) -> str:
    """What the terms mean, in one sentence."""
    return QCoreApplication.translate("ModelWords", licence.meaning)


def trouble_in_words(sentence: str) -> str:
    """What the models have to say, in the language of the window; an unknown sentence stays as it is."""
    for pattern, words in zip(_patterns(), _words(), strict=True):
        found = pattern.fullmatch(sentence)
        if found is not None:
            return words.format(*found.groups())
    return sentence


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    # In the order of `_words`.
    return tuple(
        re.compile(pattern, re.DOTALL)
        for pattern in (
            r"“(.+)” cannot be fetched, since HF_HUB_OFFLINE says to stay offline: .*",
            r"(\S+) cannot be reached, or does not answer as it should \((.*)\): check the network, .*",
            r"(\S+) does not give out (.+) \((\d+)\): open (\S+), accept the terms there, .*",
            r"(\S+) has no (.+) any more \(\d+, .*\): look at (\S+), or import .*",
            r"(.+) are to come and the disk of (.+) has (.+) free: free (.+) more, .*",
            r"(.+) was refused: (?:what came from )?(\S+) (?:is not the file that was promised|sends) .*",
            r"(.+) was refused: (\S+) offers another file than the one .* remove --forget (\S+)” .*",
            r"(.+) no longer has commit \S+, which was pulled before: .* remove --forget (\S+)”, .*",
            r"(.+) was refused: such a file can run code when it is opened\. .*",
            r"(.+) was refused: it is not the file that is known as “(.+)” \(.*",
            r"(.+) was refused: it is no .*",
            r"(.+) holds a training that has not come to its end: .*",
            r"(.+) holds no model that the program knows: .*",
            r"(.+) lacks (.+), which “(.+)” needs: .*",
            r"(.+) could be any of (.+): say which with .*",
            r"(.+) is damaged: delete it, then pull or import the models again; .*",
            r"(.+) was written by a newer version of the program: update the program\.",
            r"The folder of models (.+) lies on a disk that cannot lock files .*",
            r"The models in (.+) are being changed by .*",
            r"“(.+)” (?:is not on this machine|has not come whole yet|is damaged): get it with .*",
            r"(?:The folder of models )?(.+) cannot be (?:written|deleted|copied|read) \((.*)\): .*",
            r"(.+) (?:is missing|has \d+ bytes instead of \d+|has changed since it came \(.*\)"
            r"|is not the file that this version of the program knows \(.*\)): get it again with .*",
            r"“(.+)” is not on this machine, or not whole: train one with “(.+)”, and import .*",
            r"(.+) lacks (.+), which “(.+)” writes: .*",
            r"(.+) has (\S+) in its record, which no “(.+)” has: .*",
            r"(.+) is not what “(.+)” writes \((.*)\)\. .*",
            r"(.+) was trained over (.+), which the program does not know: .*",
            r"(.+) is no checkpoint of Img2Img-Turbo\b.*",
            r"(.+) stands on a base of its own: import its folder with “sketch-app models import (.+)”, .*",
            r"(.+) (?:is missing|has \d+ bytes instead of \d+|has changed since it came \(.*\)): import it "
            r"again from the folder that “(.+)” wrote\.",
            r"There is no (.+): choose the weights anew, or none\.",
            r"The photo encoder (.+?) failed: (.*?)\.?",
            r"(?:The weights )?(.+?) (?:are damaged|are missing|and .*?)\b.* trained-encoder”\.",
            r"(?:The weights )?(.+?) (?:are damaged|are missing|and .*?)\b.* Install the program again\.",
        )
    )


def _words() -> tuple[str, ...]:
    translate = QCoreApplication.translate
    return (
        translate(
            "ModelWords",
            "“{0}” cannot be fetched, since this computer is told to stay offline (HF_HUB_OFFLINE). Unset "
            "that, or import the model from a folder.",
        ),
        translate(
            "ModelWords",
            "{0} cannot be reached ({1}). Check the network and try again; what has come is kept. Without "
            "internet, import the models from a folder.",
        ),
        translate(
            "ModelWords",
            "{0} does not give out {1} ({2}). Open {3}, accept the terms there, log in with “hf auth login”, "
            "and try again.",
        ),
        translate("ModelWords", "{0} no longer has {1}. Look at {2}, or import it from a folder."),
        translate(
            "ModelWords",
            "There is not enough room: {0} are to come, and the disk of {1} has {2} free. Free {3} more, or "
            "fetch fewer models.",
        ),
        translate(
            "ModelWords",
            "{0} was refused: what came from {1} is not the file that was promised. It was deleted; nothing "
            "else is lost. Try again.",
        ),
        translate(
            "ModelWords",
            "{0} was refused: {1} now offers another file than the one that is known. Update the program. If "
            "the change is meant to be so, forget the old file with “sketch-app models remove --forget {2}” "
            "and fetch again.",
        ),
        translate(
            "ModelWords",
            "{0} no longer has the version that was fetched before. Forget that one with “sketch-app models "
            "remove --forget {1}” and fetch again, or import the model from a folder.",
        ),
        translate(
            "ModelWords",
            "{0} was refused: such a file can run code when it is opened. Get the model in its safetensors "
            "form.",
        ),
        translate("ModelWords", "{0} was refused: it is not the file that is known as “{1}”. Get it again."),
        translate("ModelWords", "{0} was refused: it is damaged or of another kind. Get it again."),
        translate(
            "ModelWords",
            "{0} holds a training that has not ended. Type its command again: it goes on and writes the "
            "model.",
        ),
        translate(
            "ModelWords",
            "{0} holds no model that the program knows. Choose a folder with sub-folders such as “sd-turbo”.",
        ),
        translate("ModelWords", "{0} lacks {1}, which “{2}” needs. Copy the whole model there."),
        translate(
            "ModelWords", "{0} could be any of {1}. Give the folder the name of the model, then import it."
        ),
        translate(
            "ModelWords",
            "{0} is damaged. Delete it, then fetch or import the models again; files that are still right "
            "are taken over.",
        ),
        translate("ModelWords", "{0} was written by a newer version. Update the program."),
        translate(
            "ModelWords",
            "The models’ folder {0} is on a disk that cannot lock files. Move it to a local disk.",
        ),
        translate(
            "ModelWords",
            "The models in {0} are being changed by another program. Wait until it has finished.",
        ),
        translate("ModelWords", "“{0}” is not here, or not whole. Fetch it, or import it from a folder."),
        translate("ModelWords", "{0}: the disk says “{1}”. Check the disk and the permissions."),
        translate("ModelWords", "{0} is damaged or missing. Fetch the model again."),
        translate("ModelWords", "“{0}” is not here, or not whole. Import the folder that “{1}” wrote."),
        translate("ModelWords", "{0} lacks {1}. Choose the folder that “{2}” wrote, with all that is in it."),
        translate("ModelWords", "{0} has {1}, which only a newer version knows. Update the program."),
        translate("ModelWords", "{0} is not what “{1}” writes ({2}). Choose the folder that it wrote."),
        translate(
            "ModelWords",
            "{0} was trained over {1}, which the program does not know. Train it over one that it knows.",
        ),
        translate("ModelWords", "{0} holds no weights of a generator. Choose another file."),
        translate(
            "ModelWords",
            "{0} stands on networks of its own. Import its folder {1} instead, and choose no file.",
        ),
        translate("ModelWords", "{0} is damaged or missing. Import the folder that “{1}” wrote again."),
        translate("ModelWords", "{0} is no longer there. Choose the weights anew, or none."),
        translate(
            "ModelWords",
            "The photo model {0} failed ({1}). Try again, or choose another one in the dialog of models.",
        ),
        translate(
            "ModelWords",
            "{0} of your own encoder is damaged or missing. Import the encoder again, or remove it, in the "
            "dialog of models.",
        ),
        translate(
            "ModelWords",
            "{0}, which comes with the program, is damaged or missing. Install the program again.",
        ),
    )
