"""Reports: what was measured stands in them, readable by programs and by people."""

import json

import numpy as np
import pytest
from huggingface_hub import ModelCard as HubCard
from PIL import Image

from models.training.errors import TrainingError
from models.training.loop import History
from models.training.report import ModelCard, Sheet, Tile, save_sheet, write_model_card, write_report

HISTORY = History(
    losses=[{"words": 4.0 / (step + 1), "other": 1.0} for step in range(120)],
    figures=[{"step": 60, "class": 0.4, "loss": 2.5}, {"step": 120, "class": 0.9, "loss": 0.5}],
)
CARD = ModelCard(
    title="A captioner",
    summary="It names sketches.",
    license="bsd-3-clause",
    base_model="Salesforce/blip-image-captioning-base",
    library_name="transformers",
    trained_on="Forty drawings: a fox's.",
    figures={
        "held-back sketches": {"class": 0.91234, "pictures": 40},
        "unseen classes": {"class": float("nan")},
    },
    limits=("It knows two classes.",),
    command="sketch-app train captioner --data 'my drawings'",
    tags=("image-to-text", "sketch"),
    license_note="The data have their own terms.",
)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_figures_curves_and_sheets_are_written(tmp_path):
    grey, colour = np.zeros((50, 80), np.uint8), np.full((300, 200, 3), (250, 0, 0), np.uint8)
    rows = [[Tile(grey, "a pen", right=True), Tile(colour, right=False)], [Tile(grey)]]
    figures = {"held back": {"class": np.float32(0.5), "loss": float("nan")}, "steps": 3}
    write_report(
        tmp_path / "a" / "report", title="Run", history=HISTORY, figures=figures, sheets=[Sheet("ten", rows)]
    )
    folder = tmp_path / "a" / "report"
    assert sorted(p.name for p in folder.iterdir()) == ["curves.png", "figures.json", "ten.png"]
    assert json.loads((folder / "figures.json").read_text()) == {
        "held back": {"class": 0.5, "loss": None},
        "steps": 3,
    }
    sheet = pixels(folder / "ten.png")
    assert sheet.shape == (12 + 2 * (160 + 36 + 12), 12 + 2 * (160 + 12), 3)
    assert (sheet[12 + 80, 12 + 80] == 0).all()  # the grey picture's middle
    assert (sheet[12 + 80, 12 + 172 + 80] == (250, 0, 0)).all()
    assert (sheet[12 + 80, 12 - 2] == (38, 140, 80)).all()
    assert (sheet[12 + 80, 12 + 172 - 2] == (190, 60, 50)).all()
    assert (sheet[12 + 208 + 80, 12 - 2] == (250, 250, 248)).all()  # neither right nor wrong: no frame


def test_the_curves_are_of_the_run(tmp_path):
    for name, history in (
        ("a", HISTORY),
        ("b", HISTORY),
        ("c", History(HISTORY.losses[::-1], HISTORY.figures)),
    ):
        write_report(tmp_path / name, title="Run", history=history, figures={})
    drawn = [pixels(tmp_path / name / "curves.png") for name in "abc"]
    assert drawn[0].shape[0] > 700  # a panel for losses, shares and the loss that was measured
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()


def test_a_run_that_measured_nothing_has_no_curves(tmp_path):
    write_report(tmp_path, title="Run", history=History(), figures={})
    assert [p.name for p in tmp_path.iterdir()] == ["figures.json"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "report").write_text("in the way")
    with pytest.raises(TrainingError, match="report cannot be made"):
        write_report(tmp_path / "report", title="Run", history=HISTORY, figures={})
    with pytest.raises(TrainingError, match=r"sheet\.png cannot be written"):
        save_sheet(tmp_path / "nowhere" / "sheet.png", [[Tile(np.zeros((9, 9), np.uint8))]])


def test_the_hub_reads_the_card(tmp_path):
    write_model_card(tmp_path / "README.md", CARD)
    card = HubCard.load(tmp_path / "README.md")
    assert card.data.to_dict() == {
        "license": "bsd-3-clause",
        "base_model": "Salesforce/blip-image-captioning-base",
        "library_name": "transformers",
        "tags": ["image-to-text", "sketch"],
    }
    for said in (
        "# A captioner",
        "It names sketches.",
        "Forty drawings: a fox's.",
        "sketch-app train captioner --data 'my drawings'",
        "| | held-back sketches | unseen classes |",
        "| class | 0.912 | – |",
        "| pictures | 40 | – |",
        "- It knows two classes.",
        "The data have their own terms.",
    ):
        assert said in card.text
