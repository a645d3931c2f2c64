"""``sketch-app models`` as a person types it, against a server of this machine."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sketch_app.cli_models import models_app
from tests.sketch_app.test_cli import refused as refused_process
from tests.sketch_app.test_cli import sketch_app
from tests.support.hub_server import HubServer, safetensors_bytes
from tests.support.tiny_blip import write_tiny_blip_checkpoint
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set
from tests.support.waiting import RUN_S

ROOT = Path(__file__).resolve().parents[2]
NAME = "dinov2-with-registers-small"  # not pinned: any content may come
REPO = f"facebook/{NAME}"
FILES = {
    "config.json": b'{"model_type": "dinov2_with_registers"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": safetensors_bytes(5),
    "pytorch_model.bin": b"not wanted",
}
TERMS = "Apache-2.0. Any use, with the notice kept. https://github.com/facebookresearch/dinov2"


@pytest.fixture
def server():
    hub = HubServer()
    hub.add_repo(REPO, FILES)
    with hub.running():
        yield hub


@pytest.fixture
def models(server, tmp_path, monkeypatch):
    """Runs a command in this process, with a home of its own."""
    monkeypatch.setenv("SKETCH_APP_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return lambda *arguments: CliRunner().invoke(models_app, [str(a) for a in arguments])


def refused(done):
    """The one sentence on standard error of a command that ended with status 1."""
    assert done.exit_code == 1, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("sketch-app: ")
    return line


def row(done, name):
    (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [name]]
    return line


def test_the_list_shows_sets_states_sizes_and_terms(models, tmp_path):
    done = models("list")
    assert done.exit_code == 0, done.output
    assert row(done, "embedded-models").split()[1:3] == ["embedded", "here"]
    line = row(done, "sd-turbo")
    assert "full" in line
    assert "about 2.6 GB" in line
    assert "Stability AI Community License" in line
    assert line.rstrip().endswith("restricted")
    assert str(tmp_path / "data" / "models") in done.stdout
    assert not (tmp_path / "data").exists()


def test_the_list_for_programs(models, tmp_path):
    rows = {r["name"]: r for r in json.loads(models("list", "--json").stdout)}
    assert rows["sd-turbo"]["status"] == "absent"
    assert rows["sd-turbo"]["sets"] == ["full"]
    assert rows["sd-turbo"]["pinning"] == "pinned"
    assert rows["sd-turbo"]["licence"]["non_commercial"] is True
    assert rows["sd-turbo"]["folder"] == str(tmp_path / "data" / "models" / "sd-turbo")
    assert rows[NAME]["pinning"] == "unpinned"
    assert rows["embedded-models"]["status"] == "complete"


def test_pull_list_verify_and_remove(models, server, tmp_path):
    done = models("pull", NAME, "--yes")
    assert done.exit_code == 0, done.output
    assert f"{NAME} is here now" in done.stdout
    assert "300 kB came" in done.stdout
    assert TERMS in done.stderr
    folder = tmp_path / "data" / "models" / NAME
    assert sorted(p.name for p in folder.iterdir()) == sorted(set(FILES) - {"pytorch_model.bin"})
    assert row(models("list"), NAME).split()[1:4] == ["here", "300", "kB"]
    assert models("verify").stdout == "Every file is as it should be.\n"
    assert models("verify", NAME, "--json").stdout == "[]\n"
    assert f"{NAME} was here already" in models("pull", NAME).stdout
    assert models("remove", NAME).stdout == "300 kB freed\n"
    assert not folder.exists()
    assert "not on this machine" in refused(models("verify", NAME))


def test_verify_ends_with_status_1_and_names_the_file(models, tmp_path):
    models("pull", NAME, "--yes")
    path = tmp_path / "data" / "models" / NAME / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    done = models("verify")
    assert done.exit_code == 1
    (line,) = done.stdout.splitlines()
    assert str(path) in line
    assert row(models("list"), NAME).split()[1] == "damaged"
    as_json = models("verify", "--json")
    assert as_json.exit_code == 1
    assert [f["path"] for f in json.loads(as_json.stdout)] == ["model.safetensors"]
    assert f"{NAME} is here now" in models("pull", NAME).stdout  # the pull repairs it
    assert models("verify").exit_code == 0


def test_terms_that_nobody_can_be_asked_for_are_told_and_nothing_comes(models, server, tmp_path):
    sentence = refused(models("pull", NAME))
    assert TERMS in sentence
    assert sentence.endswith("accept them with --yes.")
    assert server.requests == []
    assert not (tmp_path / "data" / "models" / NAME).exists()


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1)])
def test_on_a_terminal_the_terms_are_asked_for(models, server, tmp_path, answer, status):
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-c", "from sketch_app.cli_models import models_app; models_app()", "pull", NAME],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == status, done
    assert TERMS in done.stderr
    assert "Do you accept these terms?" in done.stderr
    assert (tmp_path / "data" / "models" / NAME / "model.safetensors").exists() == (answer == "y")
    if answer == "n":
        assert done.stdout.strip() == ""
        assert f"“{NAME}” was not fetched" in done.stderr
        assert server.requests == []


def test_import_from_a_folder(models, tmp_path):
    given = tmp_path / "stick" / NAME
    given.mkdir(parents=True)
    for path, data in FILES.items():
        (given / path).write_bytes(data)
    done = models("import", tmp_path / "stick")
    assert done.exit_code == 0, done.output
    assert f"{NAME} is here now (Apache-2.0" in done.stdout
    assert row(models("list"), NAME).split()[1] == "here"
    (given / "config.json").unlink()
    models("remove", NAME)
    assert "lacks config.json" in refused(models("import", tmp_path / "stick", NAME))
    assert "holds no model" in refused(models("import", tmp_path / "stick", "sd-turbo"))


def test_failures_are_one_sentence(models, server, monkeypatch, tmp_path):
    assert "the known ones are sd-turbo, " in refused(models("pull", "sdturbo", "--yes"))
    assert "There is no folder" in refused(models("import", tmp_path / "nowhere"))
    assert "comes with the program" in refused(models("remove", "embedded"))
    server.wrong.forever = {REPO: 403}
    assert "accept the terms there" in refused_after_terms(models("pull", NAME, "--yes"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in refused(models("pull", NAME, "--yes"))


def refused_after_terms(done):
    """As `refused`, with the terms that were accepted above it."""
    assert done.exit_code == 1, done
    terms, line = done.stderr.splitlines()
    assert TERMS in terms
    assert line.startswith("sketch-app: ")
    return line


def test_forgetting_lets_another_content_come(models, server):
    models("pull", NAME, "--yes")
    models("remove", NAME)
    commit = server.commit_of(REPO, "main")
    server.add_repo(REPO, {**FILES, "model.safetensors": safetensors_bytes(6)}, commit)
    assert f"remove --forget {NAME}" in refused(models("pull", NAME))
    models("remove", NAME, "--forget")
    assert models("pull", NAME, "--yes").exit_code == 0


def test_help_names_every_command_and_loads_nothing_heavy():
    question = (
        "import sys; sys.argv = ['models', '--help']\n"
        "from sketch_app.cli_models import models_app\n"
        "try:\n    models_app()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'numpy', 'huggingface_hub', 'models', 'transformers'} & set(sys.modules)\n"
        "print('loaded:', *sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, timeout=RUN_S, check=True
    )
    assert all(command in done.stdout for command in ("list", "pull", "verify", "import", "remove"))
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_the_models_that_searches_use_are_chosen_or_refused_with_nothing_changed(tmp_path):
    from sketch_app.settings import load_settings

    settings = tmp_path / "config" / "settings.json"
    assert "models pull full" in refused_process(sketch_app(tmp_path, "models", "use", "full"))
    assert not settings.exists()
    install_tiny_full_set(write_tiny_full_set(tmp_path / "carried"), tmp_path / "data" / "models")
    tuned = write_tiny_blip_checkpoint(
        tmp_path / "tuned.pt", tmp_path / "carried" / "blip-image-captioning-base"
    )
    done = sketch_app(tmp_path, "models", "use", "full", "--captioner", tuned, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    kept = load_settings(settings)
    assert (kept.models, kept.captioner_weights, kept.device) == ("full", str(tuned), "cpu")
    assert "none.pkl" in refused_process(
        sketch_app(tmp_path, "models", "use", "full", "--generator", tmp_path / "none.pkl")
    )
    assert "fulll" in refused_process(sketch_app(tmp_path, "models", "use", "fulll"))
    assert "warp" in refused_process(sketch_app(tmp_path, "models", "use", "full", "--device", "warp"))
    assert load_settings(settings) == kept
    assert sketch_app(tmp_path, "models", "use", "embedded", "--captioner", "-").returncode == 0
    assert load_settings(settings).models == "embedded"
    assert load_settings(settings).captioner_weights == ""
