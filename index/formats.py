"""Which files are photos: by their first bytes, never by their names."""

SNIFF_BYTES = 64
"""How much of a file's beginning :func:`sniff` needs."""

PHOTO_SUFFIXES = frozenset(
    b".jpg .jpeg .jpe .jfif .png .webp .heic .heif .hif .avif .tif .tiff .bmp .dib .gif".split()
)
"""Names that claim to be photos: used only to decide whether a refused file is worth mentioning."""

# Brands of ISO base media files (ISO/IEC 14496-12, 23008-12; AV1 Image File Format).
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))

_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # BigTIFF
    (b"MM\0+", "tiff"),
)

# The format's name here and its key in Pillow's registry.
PILLOW_KEYS = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "heif": "HEIF",
    "avif": "AVIF",
    "tiff": "TIFF",
    "bmp": "BMP",
    "gif": "GIF",
}


def sniff(head: bytes) -> str | None:
    """The format of a file by its first :data:`SNIFF_BYTES` bytes, or None when it is not on the list.

    Returns
    -------
    str or None
        A key of :data:`PILLOW_KEYS`.
    """
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    # "BM" alone also begins ordinary text: the four reserved bytes are zero in every real bitmap.
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "bmp"
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    return None


def _iso_media(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12]] + [head[at : at + 4] for at in range(16, length - 3, 4)]
    if any(brand in _AVIF_BRANDS for brand in brands):
        return "avif"
    if any(brand in _HEIF_BRANDS for brand in brands):
        return "heif"
    return None


def claims_to_be_photo(name: bytes) -> bool:
    """Whether a file's name ends like a photo's."""
    dot = name.rfind(b".")
    return dot >= 0 and name[dot:].lower() in PHOTO_SUFFIXES
