"""The one sentence that every captioner gives and every generator is prompted with, and how any other caption
is turned into it.
"""

from __future__ import annotations

import re

_BEFORE, _AFTER = "convert a ", " into a high-resolution color image with a white background"
_SENTENCE = re.compile(r"^convert an? (?P<subject>.+?) into a high[- ]resolution colou?r image\b.*$")
_KINDS = (
    "drawing|sketch|doodle|picture|image|illustration|cartoon|outline|icon|silhouette|painting|photo|"
    "clip ?art"
)
_LINE_WORDS = "black|white|simple|rough|hand|drawn|hand-drawn|line|pencil|ink|monochrome|childish|child's|and"
_PREAMBLE = re.compile(
    rf"^(?:there is |this is |here is )?(?:(?:an?|the|one) )?(?:(?:{_LINE_WORDS}),? )*(?:{_KINDS})s? "
    r"(?:(?:of|showing|depicting|with) )"
)
_ARTICLE = re.compile(r"^(?:an?|the|one|some|two|three) ")
_TAIL = re.compile(
    r"\s+(?:on (?:an?|the) (?:plain |blank )?(?:white|black|gr[ae]y|blank|plain)"
    r"(?: background| surface| paper)?"
    r"|(?:with|against|in) (?:an?|the) (?:plain |blank )?(?:white|black|gr[ae]y|blank|plain) background"
    r"|in black and white|drawn (?:in|with|on) .*|is shown.*)$"
)
_LINE_ADJECTIVES = re.compile(r"^(?:(?:black and white|hand[- ]drawn|black|white|simple|line drawn) )+")


def caption_sentence(subject: str) -> str:
    """The sentence for a class or any words: always "a", underscores as spaces.

    >>> caption_sentence("hot_air_balloon")
    'convert a hot air balloon into a high-resolution color image with a white background'
    """
    return f"{_BEFORE}{' '.join(subject.replace('_', ' ').split())}{_AFTER}"


def subject_of(caption: str) -> str:
    """What a caption is about: the words between "convert a" and "into", or a plain caption without its
    opening ("a black and white drawing of a"), its article and its background.

    >>> subject_of("a drawing of a cat on a white background")
    'cat'

    An empty caption, or one that is all opening, has the empty subject.
    """
    text = " ".join(caption.lower().replace("_", " ").split()).strip(" .,!?\"'")
    found = _SENTENCE.match(text)
    if found:
        return found["subject"].strip()
    if text.startswith(_BEFORE) and len(text) > len(_BEFORE):  # a beam that was cut short
        return text.removeprefix(_BEFORE).split(" into ")[0].strip()
    while (shorter := _PREAMBLE.sub("", text)) != text:
        text = shorter
    text = _TAIL.sub("", text)
    text = _ARTICLE.sub("", text)
    text = _LINE_ADJECTIVES.sub("", text)
    return text.strip(" .,")
