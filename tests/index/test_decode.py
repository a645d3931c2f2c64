"""Decoding: every allowed format upright and in its colours, everything else refused with a reason."""

import io
from datetime import datetime

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from index.decode import decode_bytes, decode_photo, fit, pixel_cap, thumbnail
from index.errors import DecodeError
from index.formats import claims_to_be_photo, sniff

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 40), (30, 40, 210)


def corners(size=(320, 200)):
    """Red at the top left, green at the top right, blue below."""
    width, height = size
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    return image


def encoded(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def heif(image, **options):
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=90, **options)
    return buffer.getvalue()


def assert_upright(decoded, size):
    height, width = decoded.image.shape[:2]
    assert decoded.size == size
    assert decoded.image.dtype == np.uint8
    assert (width > height) == (size[0] > size[1])
    for (x, y), colour in (((0.2, 0.2), RED), ((0.8, 0.2), GREEN), ((0.2, 0.8), BLUE), ((0.8, 0.8), BLUE)):
        pixel = decoded.image[int(y * height), int(x * width)].astype(int)
        assert np.abs(pixel - colour).max() < 30, ((x, y), pixel)


FORMATS = {
    "jpeg": lambda image, **o: encoded(image, "JPEG", quality=92, **o),
    "png": lambda image, **o: encoded(image, "PNG", **o),
    "webp": lambda image, **o: encoded(image, "WEBP", quality=92, **o),
    "avif": lambda image, **o: encoded(image, "AVIF", quality=90, **o),
    "heif": lambda image, **o: heif(image),
    "tiff": lambda image, **o: encoded(image, "TIFF", compression="tiff_lzw", **o),
    "bmp": lambda image, **o: encoded(image, "BMP"),
    "gif": lambda image, **o: encoded(image, "GIF"),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("min_side", [None, 50])
def test_every_allowed_format_is_decoded(name, min_side):
    decoded = decode_bytes(FORMATS[name](corners()), min_side=min_side)
    assert decoded.format == name
    assert_upright(decoded, (320, 200))
    assert min(decoded.image.shape[:2]) == (200 if min_side is None else 50)


UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_photos_are_shown_upright(name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = corners().transpose(UNTURN[orientation])
    decoded = decode_bytes(FORMATS[name](stored, exif=exif), min_side=60)
    assert_upright(decoded, (320, 200))
    assert decoded.orientation == orientation


def test_a_jpeg_is_decoded_at_a_fraction_of_its_size_and_never_below_what_is_asked():
    data = FORMATS["jpeg"](corners((3000, 2000)))
    decoded = decode_bytes(data, min_side=256)
    assert decoded.image.shape == (256, 384, 3)
    assert decoded.size == (3000, 2000)
    assert_upright(decoded, (3000, 2000))


def test_date_and_camera_are_read():
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2023:07:09 18:30:05"
    decoded = decode_bytes(FORMATS["jpeg"](corners(), exif=exif))
    assert decoded.taken_at == datetime(2023, 7, 9, 18, 30, 5)
    assert decoded.has_camera


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
@pytest.mark.filterwarnings("ignore:.*EXIF data:UserWarning")
def test_broken_metadata_does_not_cost_the_picture(exif):
    decoded = decode_bytes(FORMATS["jpeg"](corners(), exif=exif))
    assert_upright(decoded, (320, 200))
    assert (decoded.taken_at, decoded.orientation) == (None, 1)


@pytest.mark.parametrize("when", ["0000:00:00 00:00:00", "2023-07-09", "", "2023:13:45 99:00:00"])
def test_a_date_that_is_none_is_unknown(when):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = when
    assert decode_bytes(FORMATS["jpeg"](corners(), exif=exif)).taken_at is None


def test_unusual_modes_become_rgb():
    half_clear = corners().convert("RGBA")
    half_clear.putalpha(Image.new("L", half_clear.size, 0))
    assert decode_bytes(encoded(half_clear, "PNG")).image.min() == 255  # transparent over white
    ramp = np.linspace(0, 65535, 100 * 80).reshape(80, 100)
    deep = decode_bytes(encoded(Image.fromarray(ramp.astype(np.uint16)), "PNG")).image
    assert (deep[0, 0, 0], deep[-1, -1, 0]) == (0, 255)
    assert abs(int(deep[40, 0, 0]) - 127) <= 1
    floating = decode_bytes(encoded(Image.fromarray(ramp.astype(np.float32)), "TIFF")).image
    assert (floating[0, 0, 0], floating[-1, -1, 0]) == (0, 255)
    for mode in ("1", "L", "LA", "P"):
        assert decode_bytes(encoded(corners().convert(mode), "PNG")).image.shape == (200, 320, 3)
    assert_upright(decode_bytes(encoded(corners().convert("CMYK"), "JPEG")), (320, 200))


def test_only_the_first_frame_of_an_animation_is_shown():
    frames = [corners(), Image.new("RGB", (320, 200), (9, 9, 9))]
    for format in ("GIF", "WEBP", "TIFF"):
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        assert_upright(decode_bytes(data), (320, 200))


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "heif", "tiff", "bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused(name, share):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8))
    data = FORMATS[name](noise)
    with pytest.raises(DecodeError, match="damaged or cut short"):
        decode_bytes(data[: int(len(data) * share)])


def test_random_damage_never_raises_anything_else():
    random = np.random.default_rng(5)
    for make in FORMATS.values():
        whole = make(corners((64, 48)))
        for _ in range(25):
            data = bytearray(whole)
            for at in random.integers(0, len(data), 6):
                data[at] = random.integers(0, 256)
            try:
                assert decode_bytes(bytes(data), min_side=32, max_pixels=1_000_000).image.ndim == 3
            except DecodeError as error:
                assert error.reason.endswith(".")


def test_too_many_pixels_are_refused_before_decoding():
    data = encoded(Image.new("1", (5000, 5000)), "PNG")
    with pytest.raises(DecodeError, match="5000 x 5000 pixels, at most 16 million"):
        decode_bytes(data, min_side=100, max_pixels=16_000_000)
    assert decode_bytes(data, min_side=100, max_pixels=25_000_000).image.shape == (100, 100, 3)
    assert pixel_cap() >= 16_000_000


def test_a_very_long_picture_stays_small():
    decoded = decode_bytes(encoded(Image.new("L", (20_000, 400)), "PNG"), min_side=256)
    assert decoded.image.shape[1] == 4096
    assert decoded.size == (20_000, 400)


def test_colour_profiles_do_not_stop_decoding():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_upright(decode_bytes(FORMATS["jpeg"](corners(), icc_profile=profile)), (320, 200))


def test_content_decides_and_names_only_explain():
    assert sniff(b"\xff\xd8\xff\xe0") == "jpeg"
    assert sniff(b"RIFF\0\0\0\0WAVEfmt ") is None
    assert sniff(b"\0\0\0\x1cftypisom\0\0\0\0isomavc1mp41") is None
    assert sniff(b"BMW makes cars") is None
    assert sniff(b"") is None
    assert claims_to_be_photo(b"/a/B.JPEG")
    assert not claims_to_be_photo(b"/a.jpg/notes")


def test_a_file_that_is_not_there_may_be_there_later(tmp_path):
    with pytest.raises(DecodeError, match="cannot be read") as caught:
        decode_photo(tmp_path / "none.jpg")
    assert not caught.value.permanent


def test_thumbnails_fit(tmp_path):
    corners((640, 100)).save(tmp_path / "wide.png")
    assert thumbnail(tmp_path / "wide.png", 64).shape == (10, 64, 3)
    small = np.zeros((5, 7, 3), np.uint8)
    assert fit(small, 64) is small
