"""The captioner: what it says is what the network says, from whichever kind of file its weights come."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import threading
import time
import warnings

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

from models.caption_sentence import caption_sentence, subject_of
from models.captioner import BlipCaptioner
from models.devices import Placement
from models.errors import Cancelled, ModelError, RefusedFileError, WeightsError
from tests.support.machine import slowness
from tests.support.tiny_blip import (
    SIDE,
    VOCABULARY,
    tiny_blip_config,
    write_tiny_blip,
    write_tiny_blip_adapter,
    write_tiny_blip_checkpoint,
)

KEY = "text_decoder.bert.encoder.layer.1.attention.self.key.weight"
LESSONS = {
    "pizza": [caption_sentence("pizza")],
    "hot air balloon": [caption_sentence("hot air balloon")],
    "cat": [caption_sentence("cat"), "a drawing of a cat on a white background", "a sketch of a dog"],
}
"""What each drawing is taught to be; the last one is ambiguous on purpose."""


class Trap:
    """Makes a file where it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def drawing(subject):
    """Black lines on white: (96, 96) uint8."""
    image = Image.new("L", (96, 96), 255)
    pen = ImageDraw.Draw(image)
    if subject == "pizza":
        pen.polygon([(10, 12), (86, 12), (48, 88)], outline=0, width=3)
    elif subject == "hot air balloon":
        pen.ellipse((22, 6, 74, 58), outline=0, width=3)
        pen.rectangle((40, 72, 56, 88), outline=0, width=3)
    else:
        pen.ellipse((10, 40, 86, 88), outline=0, width=3)
        pen.line([(14, 50), (20, 10), (40, 42), (56, 42), (76, 10), (82, 50)], fill=0, width=3)
    return np.asarray(image)


def tokens_of(sentence):
    """As BERT's tokenizer cuts it, between the decoder's first token and the last."""
    words = sentence.replace("-", " - ").split()
    return [len(VOCABULARY), *(VOCABULARY.index(w) for w in words), VOCABULARY.index("[SEP]")]


def pixels_of(sketch):
    """As BLIP's processor makes them, by hand: (1, 3, SIDE, SIDE)."""
    small = Image.fromarray(np.repeat(sketch[:, :, None], 3, axis=2)).resize((SIDE, SIDE), Image.BICUBIC)
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    x = (np.asarray(small, np.float32) / 255 - np.float32(mean)) / np.float32(std)
    return torch.from_numpy(x.transpose(2, 0, 1)[None])


def taught_network():
    """A network that has learned the lessons by heart."""
    from transformers import BlipForConditionalGeneration

    pairs = [(s, c) for s, captions in LESSONS.items() for c in captions]
    rows = [tokens_of(c) for _, c in pairs]
    longest = max(map(len, rows))
    ids = torch.tensor([r + [0] * (longest - len(r)) for r in rows])
    labels = torch.where(ids == 0, -100, ids)
    pixels = torch.cat([pixels_of(drawing(s)) for s, _ in pairs])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        config = tiny_blip_config()
        config.vision_config.initializer_range = config.text_config.initializer_range = 0.05
        network = BlipForConditionalGeneration(config).train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.0)
        for step in range(100):
            for group in optimizer.param_groups:
                group["lr"] = 4e-3 * min(1.0, step / 20, (100 - step) / 35)
            loss = network(pixel_values=pixels, input_ids=ids, labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
    return network.eval()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_blip(tmp_path_factory.mktemp("blip") / "base")


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    return write_tiny_blip(tmp_path_factory.mktemp("blip") / "taught", network=taught_network())


@pytest.fixture(scope="module")
def captioner(taught):
    return BlipCaptioner.load(taught)


def plain(folder):
    """The model as transformers reads it."""
    from transformers import BlipForConditionalGeneration

    return BlipForConditionalGeneration.from_pretrained(folder, local_files_only=True).eval()


def logits(network, subject="cat"):
    ids = torch.tensor([tokens_of(caption_sentence(subject))])
    with torch.inference_mode():
        return network(pixel_values=pixels_of(drawing(subject)), input_ids=ids).logits


class TestWhatItSays:
    def test_what_was_learned_by_heart_is_said_word_for_word(self, taught):
        captioner = BlipCaptioner.load(taught)
        for subject in ("pizza", "hot air balloon"):
            best = captioner.captions(drawing(subject))[0]
            assert best.text == caption_sentence(subject) == best.sentence
            assert best.subject == subject
            assert best.probability > 0.9

    def test_captions_about_one_subject_are_one_and_their_probabilities_add_up(self, taught):
        cat, dog = BlipCaptioner.load(taught).captions(drawing("cat"), limit=4)[:2]
        assert (cat.subject, dog.subject) == ("cat", "dog")
        assert cat.probability == pytest.approx(2 / 3, abs=0.08)  # two of the three captions it was taught
        assert dog.probability == pytest.approx(1 / 3, abs=0.08)
        assert cat.text in LESSONS["cat"][:2]
        assert dog.text == "a sketch of a dog"
        assert dog.sentence == caption_sentence("dog")

    @pytest.mark.parametrize("beams", [4, 6])
    def test_it_says_what_the_network_generates(self, taught, beams):
        from transformers import BertTokenizer

        found = plain(taught).generate(
            pixels_of(drawing("cat")),
            num_beams=beams,
            num_return_sequences=beams,
            max_new_tokens=40,
            length_penalty=0.0,
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        texts = BertTokenizer.from_pretrained(taught).batch_decode(found.sequences, skip_special_tokens=True)
        shares, likeliest = {}, {}
        for text, share in zip(texts, found.sequences_scores.softmax(0).tolist(), strict=True):
            subject = subject_of(text.replace(" - ", "-"))
            shares[subject] = shares.get(subject, 0) + share
            likeliest.setdefault(subject, text.replace(" - ", "-"))
        captions = BlipCaptioner.load(taught).captions(drawing("cat"), limit=beams)
        assert {c.subject: c.probability for c in captions} == pytest.approx(shares, abs=1e-4)
        assert {c.subject: c.text for c in captions} == likeliest

    def test_the_probability_is_the_share_of_the_whole_captions_likelihood(self, taught):
        network, captions = plain(taught), BlipCaptioner.load(taught).captions(drawing("cat"), limit=4)

        def likelihood(text):
            ids = torch.tensor([tokens_of(text)])
            with torch.inference_mode():
                seen = network(pixel_values=pixels_of(drawing("cat")), input_ids=ids).logits.log_softmax(2)
            return seen[0, :-1].gather(1, ids[0, 1:, None]).sum().exp().item()

        cat = sum(map(likelihood, LESSONS["cat"][:2]))
        dog = likelihood(LESSONS["cat"][2])
        assert captions[0].probability / captions[1].probability == pytest.approx(cat / dog, rel=0.02)

    def test_the_same_sketch_gives_the_same_captions(self, captioner):
        assert captioner.captions(drawing("cat")) == captioner.captions(drawing("cat"))

    def test_several_at_once_are_captioned_as_one_by_one(self, taught):
        captioner, sketches = BlipCaptioner.load(taught), [drawing(s) for s in LESSONS]
        together = captioner.captions_of(sketches)
        for sketch, captions in zip(sketches, together, strict=True):
            alone = captioner.captions(sketch)
            assert captions[0].text == alone[0].text
            assert captions[0].probability == pytest.approx(alone[0].probability, abs=1e-4)
        assert captioner.captions_of([]) == []

    @pytest.mark.parametrize("limit", [1, 2, 7])
    def test_no_more_come_than_asked_for_best_first(self, captioner, limit):
        shares = [c.probability for c in captioner.captions(drawing("cat"), limit=limit)]
        assert 1 <= len(shares) <= limit
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-9

    def test_a_limit_of_none_is_a_mistake(self, captioner):
        with pytest.raises(ValueError, match="limit"):
            captioner.captions(drawing("cat"), limit=0)

    @pytest.mark.parametrize("shape", [(1, 1), (3, 3), (500, 500)])
    def test_a_sketch_may_have_any_size(self, captioner, shape, caplog):
        captioner.captions(np.full(shape, 255, np.uint8))
        assert not caplog.records  # nobody wonders which side is the channels

    def test_several_threads_get_what_one_gets(self, captioner):
        sketches = [drawing(s) for s in LESSONS] * 2
        wanted, found = [captioner.captions(s) for s in sketches], [()] * len(sketches)

        def ask(i):
            found[i] = captioner.captions(sketches[i])

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(sketches))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for ours, theirs in zip(found, wanted, strict=True):
            assert [c.text for c in ours] == [c.text for c in theirs]
            # A thread may part the work among others than this one, which rounds otherwise.
            assert [c.probability for c in ours] == pytest.approx([c.probability for c in theirs], abs=1e-5)

    def test_bfloat16_says_the_same(self, taught):
        able = torch.cpu.get_capabilities()
        if not (able.get("avx512_bf16") or able.get("amx_bf16")):
            pytest.skip("this processor has no instructions for bfloat16")
        full, half = (
            BlipCaptioner.load(taught, placement=Placement("cpu", d)) for d in ("float32", "bfloat16")
        )
        for subject in LESSONS:
            whole, short = full.captions(drawing(subject)), half.captions(drawing(subject))
            assert {c.subject for c in whole[:1]} == {c.subject for c in short[:1]}
            assert short[0].probability == pytest.approx(whole[0].probability, abs=0.1)

    def test_what_a_folder_says_about_generation_changes_nothing(self, taught, captioner, tmp_path):
        folder = shutil.copytree(taught, tmp_path / "other")
        config = json.loads((folder / "config.json").read_text())
        generation = {"do_sample": True, "temperature": 9.0, "max_length": 5, "repetition_penalty": 3.0}
        config["text_config"] |= generation
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "generation_config.json").write_text(json.dumps(generation))
        assert BlipCaptioner.load(folder).captions(drawing("cat")) == captioner.captions(drawing("cat"))


class TestCancelling:
    def test_before_anything_is_done(self, captioner):
        with pytest.raises(Cancelled):
            captioner.captions(drawing("cat"), cancelled=lambda: True)

    @pytest.mark.parametrize("after", [1, 2, 5])
    def test_between_two_words(self, captioner, after):
        asked = 0

        def cancelled():
            nonlocal asked
            asked += 1
            return asked > after

        with pytest.raises(Cancelled):
            captioner.captions(drawing("cat"), cancelled=cancelled)
        assert asked == after + 1  # at once, not at the caption's end
        assert captioner.captions(drawing("cat"))  # and the next one is not held up

    def test_it_is_asked_at_every_word(self, captioner):
        asked = []
        longest = max(
            len(c.text.split()) for c in captioner.captions(drawing("cat"), cancelled=lambda: asked.append(1))
        )
        assert len(asked) >= longest


class TestFineTuned:
    def test_a_whole_model_takes_the_place_of_the_base(self, base, taught):
        captioner = BlipCaptioner.load(base, fine_tuned=taught)
        assert captioner.captions(drawing("pizza"))[0].subject == "pizza"

    def test_it_may_come_without_tokenizer_and_preprocessing(self, base, taught, tmp_path):
        for name in ("config.json", "model.safetensors"):
            shutil.copy(taught / name, tmp_path / name)
        captioner = BlipCaptioner.load(base, fine_tuned=tmp_path)
        assert captioner.captions(drawing("pizza"))[0].text == caption_sentence("pizza")

    @pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
    def test_a_checkpoint_is_converted_once_and_says_the_same(self, base, taught, tmp_path, prefix):
        path = write_tiny_blip_checkpoint(tmp_path / "best.pt", taught, prefix=prefix)
        wanted = BlipCaptioner.load(taught).captions(drawing("cat"))
        assert BlipCaptioner.load(base, fine_tuned=path).captions(drawing("cat")) == wanted
        path.unlink()
        assert BlipCaptioner.load(base, fine_tuned=path).captions(drawing("cat")) == wanted
        assert sorted(p.name for p in tmp_path.iterdir()) == ["best.pt.safetensors"]

    def test_the_converted_file_may_go_elsewhere(self, base, taught, tmp_path):
        path = write_tiny_blip_checkpoint(tmp_path / "best.pt", taught)
        BlipCaptioner.load(base, fine_tuned=path, converted=tmp_path / "made" / "it.safetensors")
        assert (tmp_path / "made" / "it.safetensors").is_file()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["best.pt", "made"]

    def test_a_checkpoint_without_the_second_names_of_tied_weights_is_whole(self, base, taught, tmp_path):
        state = load_file(taught / "model.safetensors")
        tied = "text_decoder.cls.predictions.decoder.weight"
        state[tied] = state.pop("text_decoder.bert.embeddings.word_embeddings.weight").clone()
        torch.save({"model_state_dict": state}, tmp_path / "c.pt")
        captioner = BlipCaptioner.load(base, fine_tuned=tmp_path / "c.pt")
        assert captioner.captions(drawing("pizza"))[0].text == caption_sentence("pizza")

    def test_a_safetensors_file_is_taken_as_it_is(self, base, taught):
        captioner = BlipCaptioner.load(base, fine_tuned=taught / "model.safetensors")
        assert captioner.captions(drawing("pizza"))[0].subject == "pizza"

    def test_an_adapter_gives_what_peft_gives_unmerged(self, base, tmp_path):
        from peft import PeftModel

        folder = write_tiny_blip_adapter(tmp_path / "adapter", base)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            reference = logits(PeftModel.from_pretrained(plain(base), folder).eval())
        merged = BlipCaptioner.load(base, fine_tuned=folder)
        ours = logits(merged._network)
        assert (reference - logits(plain(base))).abs().max() > 0.1  # or the adapter would do nothing
        assert (ours - reference).abs().max() < 1e-4
        assert not [n for n, _ in merged._network.named_modules() if "lora" in n]

    def test_reading_an_adapter_leaves_the_random_numbers_alone(self, base, tmp_path):
        folder = write_tiny_blip_adapter(tmp_path / "adapter", base)
        before = torch.random.get_rng_state()
        BlipCaptioner.load(base, fine_tuned=folder)
        assert torch.equal(before, torch.random.get_rng_state())


class TestWrongFiles:
    def refused(self, error, path, why, base, **where):
        with pytest.raises(error, match=f"{re.escape(str(path))}.*{why}"):
            BlipCaptioner.load(base, **where)

    def checkpoint(self, tmp_path, base, change):
        path = write_tiny_blip_checkpoint(tmp_path / "c.pt", base)
        held = torch.load(path, weights_only=True)
        change(held)
        torch.save(held, path)
        return path

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda s: s.pop(KEY), f"{KEY} is missing"),
            (lambda s: s.update({"a.new.layer": torch.ones(1)}), "a.new.layer is not known"),
            (lambda s: s.update({KEY: torch.ones(3, 5)}), rf"{KEY} is \(3, 5\), not \(64, 64\)"),
            (lambda s: s.update({KEY: "text"}), f"{KEY} is no tensor"),
            (
                lambda s: (s.pop("vision_model.post_layernorm.bias"), s.pop(KEY)),
                f"{KEY} is missing .and 1 more",
            ),
            (lambda s: s.clear(), "text_decoder.* is missing"),
        ],
        ids=["missing", "unexpected", "shape", "text", "first of two", "empty"],
    )
    def test_a_state_that_differs_names_its_first_key(self, base, tmp_path, change, why):
        path = self.checkpoint(tmp_path, base, lambda held: change(held["model_state_dict"]))
        self.refused(WeightsError, path, why, base, fine_tuned=path)
        assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]  # nothing converted

    def test_a_checkpoint_of_another_form_says_what_it_has(self, base, tmp_path):
        path = self.checkpoint(tmp_path, base, lambda held: held.pop("model_state_dict"))
        self.refused(WeightsError, path, "no “model_state_dict”, but epoch, loss", base, fine_tuned=path)

    def test_a_trap_in_a_checkpoint_is_not_sprung(self, base, tmp_path):
        path = tmp_path / "c.pt"
        torch.save({"model_state_dict": {KEY: Trap(tmp_path / "sprung")}}, path)
        self.refused(RefusedFileError, path, "mkdir", base, fine_tuned=path)
        assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]

    @pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
    @pytest.mark.parametrize("slot", ["base", "fine_tuned"])
    def test_a_model_that_is_only_a_pickle_is_not_opened(self, base, tmp_path, name, slot):
        folder = shutil.copytree(base, tmp_path / "model")
        (folder / "model.safetensors").unlink()
        torch.save(Trap(tmp_path / "sprung"), folder / name)
        where = {"fine_tuned": folder} if slot == "fine_tuned" else {}
        self.refused(
            RefusedFileError, folder / name, "safetensors", folder if slot == "base" else base, **where
        )
        assert not (tmp_path / "sprung").exists()

    def test_a_pickle_under_the_name_of_safetensors_is_not_opened(self, base, tmp_path):
        folder = shutil.copytree(base, tmp_path / "model")
        (folder / "model.safetensors").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
        self.refused(RefusedFileError, folder / "model.safetensors", "", folder)
        assert not (tmp_path / "sprung").exists()

    def test_an_adapter_that_is_only_a_pickle_is_not_opened(self, base, tmp_path):
        folder = write_tiny_blip_adapter(tmp_path / "adapter", base)
        (folder / "adapter_model.safetensors").unlink()
        torch.save({KEY: Trap(tmp_path / "sprung")}, folder / "adapter_model.bin")
        self.refused(RefusedFileError, folder / "adapter_model.bin", "safetensors", base, fine_tuned=folder)
        assert not (tmp_path / "sprung").exists()

    def test_an_adapter_of_another_model_names_its_first_key(self, base, tmp_path):
        folder = write_tiny_blip_adapter(tmp_path / "adapter", base)
        file = folder / "adapter_model.safetensors"
        tensors = load_file(file)
        first = min(tensors)
        tensors.pop(first)
        save_file(tensors, file)
        self.refused(WeightsError, file, f"{re.escape(first)} is missing", base, fine_tuned=folder)

    @pytest.mark.parametrize(
        ("change", "why"),
        [({"peft_type": "IA3"}, "IA3"), ({"target_modules": ["nowhere"]}, "nowhere"), ({"r": "many"}, "")],
    )
    def test_an_adapter_of_another_kind_is_named(self, base, tmp_path, change, why):
        path = write_tiny_blip_adapter(tmp_path / "adapter", base) / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        self.refused(WeightsError, path, why, base, fine_tuned=path.parent)

    @pytest.mark.parametrize(
        "name", ["config.json", "preprocessor_config.json", "vocab.txt", "model.safetensors"]
    )
    def test_a_file_that_is_missing_or_torn_is_named(self, base, tmp_path, name):
        folder = shutil.copytree(base, tmp_path / "model")
        (folder / "tokenizer.json").unlink()
        (folder / name).unlink()
        self.refused(WeightsError, folder / name, "", folder)
        if name != "vocab.txt":  # any text is a vocabulary
            (folder / name).write_text('{"model_type": ')
            self.refused(WeightsError, folder / name, "", folder)

    def test_a_folder_of_another_model_is_named(self, base, tmp_path):
        folder = shutil.copytree(base, tmp_path / "model")
        tensors = load_file(folder / "model.safetensors")
        tensors.pop(KEY)
        save_file(tensors, folder / "model.safetensors")
        self.refused(WeightsError, folder / "model.safetensors", f"{KEY} is missing", folder)


def test_after_its_release_it_says_to_be_loaded_again(base):
    captioner = BlipCaptioner.load(base)
    captioner.release()
    captioner.release()
    with pytest.raises(ModelError, match="load it again"):
        captioner.captions(drawing("cat"))


def test_the_tiny_model_is_made_quickly(tmp_path):
    start = time.process_time()
    base = write_tiny_blip(tmp_path / "base")
    write_tiny_blip_checkpoint(tmp_path / "c.pt", base, seed=3)
    write_tiny_blip_adapter(tmp_path / "adapter", base)
    assert time.process_time() - start < 2 * slowness()
