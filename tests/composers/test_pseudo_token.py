from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from likebut.composers import COMPOSERS, load_composer
from likebut.composers.base import References
from likebut.composers.phi import build_phi
from likebut.composers.pic2word import Pic2Word
from likebut.composers.pseudo_token import (
    BARE,
    IM2TEXT,
    PROMPTS,
    Phi,
    check_fits,
    fill,
    load_phi,
    prompt_for,
)
from likebut.composers.searle import Searle
from likebut.encoders.base import Encoder, unit
from likebut.errors import BadCheckpoint, BadQuery, NotFound
from likebut.types import Query, Region
from tests.composers.words import WordEncoder, word_encoder


def made_for(phi: Any, encoder: WordEncoder) -> Any:
    phi.origin = {"encoder": encoder.name, "fingerprint": encoder.fingerprint}
    return phi.eval()


@pytest.fixture
def encoder() -> WordEncoder:
    return word_encoder()


@pytest.fixture
def phi(encoder: WordEncoder) -> IM2TEXT:
    torch.manual_seed(1)
    return made_for(IM2TEXT(8, 12, 16), encoder)


@pytest.fixture
def composer(phi: IM2TEXT, encoder: WordEncoder) -> Pic2Word:
    return Pic2Word(phi, encoder)


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=8).astype(np.float32) * 5


def same(first: Any, second: Any) -> bool:
    a, b = first.state_dict(), second.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


# The networks


def test_im2text_has_the_published_keys_and_parameter_count():
    shapes = {key: tuple(value.shape) for key, value in IM2TEXT().state_dict().items()}
    assert shapes == {
        "layers.0.0.weight": (512, 768),
        "layers.0.0.bias": (512,),
        "layers.1.0.weight": (512, 512),
        "layers.1.0.bias": (512,),
        "fc_out.weight": (768, 512),
        "fc_out.bias": (768,),
    }
    assert sum(parameter.numel() for parameter in IM2TEXT().parameters()) == 1_050_368


def test_phi_has_the_published_keys_with_a_hidden_layer_of_four_times_the_input():
    shapes = {key: tuple(value.shape) for key, value in Phi(512, output_dim=512).state_dict().items()}
    assert shapes == {
        "layers.0.weight": (2048, 512),
        "layers.0.bias": (2048,),
        "layers.3.weight": (2048, 2048),
        "layers.3.bias": (2048,),
        "layers.6.weight": (512, 2048),
        "layers.6.bias": (512,),
    }


@pytest.mark.parametrize("phi", [IM2TEXT(6, 5, 4, n_layer=3), Phi(6, 7, 4)])
def test_a_network_is_rebuilt_from_its_shape(phi: Any):
    again = build_phi(json.loads(json.dumps(phi.shape())))
    again.load_state_dict(phi.state_dict())
    assert same(again, phi)


# Checkpoints


def pic2word_file(phi: Any) -> dict[str, Any]:
    """Pic2Word's training file: a CLIP beside φ, an optimizer, and every key under module."""
    inner = {"module." + key: value for key, value in phi.state_dict().items()}
    return {
        "epoch": 3,
        "name": "run",
        "state_dict": {"module.visual.proj": torch.zeros(2, 2)},
        "state_dict_img2text": inner,
        "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4}]},
    }


LAYOUTS = {
    "pic2word, module.": pic2word_file,
    "pic2word, bare keys, CLIP left out": lambda phi: {"state_dict_img2text": phi.state_dict()},
    "searle and lincir": lambda phi: {"epoch": 5, "Phi": phi.state_dict()},
    "bare": lambda phi: dict(phi.state_dict()),
    "bare, module.": lambda phi: {"module." + key: value for key, value in phi.state_dict().items()},
    "half precision": lambda phi: {"Phi": {key: value.half() for key, value in phi.state_dict().items()}},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", [lambda: IM2TEXT(6, 5, 4, n_layer=3), lambda: Phi(6, 7, 4)], ids=["IM2TEXT", "Phi"])
def test_every_published_layout_gives_the_network_back(layout: str, kind: Any, tmp_path: Path):
    original = kind()
    for parameter in original.parameters():
        parameter.data = parameter.data.half().float()  # so that the half-precision layout can be exact as well
    torch.save(LAYOUTS[layout](original), tmp_path / "phi.pt")
    loaded = load_phi(tmp_path / "phi.pt")
    assert type(loaded) is type(original)
    assert same(loaded, original)
    assert not loaded.training
    assert next(loaded.parameters()).dtype == torch.float32


def test_a_safetensors_file_and_a_checkpoint_folder_load_and_the_folder_tells_its_encoder(tmp_path: Path):
    original = Phi(6, 7, 4)
    save_file(original.state_dict(), tmp_path / "model.safetensors")
    assert same(load_phi(tmp_path / "model.safetensors"), original)
    (tmp_path / "config.json").write_text(json.dumps({"encoder": {"name": "words", "fingerprint": "f"}}))
    from_folder = load_phi(tmp_path)
    assert same(from_folder, original)
    assert (from_folder.origin["encoder"], from_folder.origin["fingerprint"]) == ("words", "f")


def test_a_folder_that_does_not_name_its_encoder_is_refused(tmp_path: Path):
    save_file(Phi(6, 7, 4).state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadCheckpoint, match="does not say which encoder"):
        load_phi(tmp_path)


def test_a_missing_file_is_an_error_and_never_a_random_network(tmp_path: Path):
    with pytest.raises(NotFound, match="no φ checkpoint at"):
        load_phi(tmp_path / "phi.pt")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").touch()
    with pytest.raises(NotFound, match=r"expected config.json and model.safetensors, found notes.txt"):
        load_phi(tmp_path / "folder")


WRONG = {
    "a CLIP alone": ({"state_dict": {"visual.proj": torch.zeros(1)}, "epoch": 1}, "found keys 'state_dict', 'epoch'"),
    "no dict": ([1, 2], "found list"),
    "another network": ({"film.weight": torch.zeros(2, 2)}, "found film.weight"),
    "a layer too many": ({**Phi(6, 7, 4).state_dict(), "layers.9.weight": torch.zeros(2, 2)}, "layers.9.weight"),
    "a bias lost": ({k: v for k, v in Phi(6, 7, 4).state_dict().items() if k != "layers.3.bias"}, "layers.3.bias"),
    "shapes that do not follow": (
        {**Phi(6, 7, 4).state_dict(), "layers.3.weight": torch.zeros(7, 9)},
        "layers.3.weight",
    ),
    "not a number": ({**Phi(6, 7, 4).state_dict(), "layers.6.bias": torch.full((4,), torch.nan)}, "not finite"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_contents_are_refused_with_what_was_found(case: str, tmp_path: Path):
    content, said = WRONG[case]
    torch.save(content, tmp_path / "phi.pt")
    with pytest.raises(BadCheckpoint, match=said):
        load_phi(tmp_path / "phi.pt")


@pytest.mark.parametrize("name", ["phi.pt", "phi.safetensors"])
def test_a_cut_off_download_is_refused(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"<html>Not Found</html>")
    with pytest.raises(BadCheckpoint, match="download complete"):
        load_phi(tmp_path / name)


class Dangerous:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("owned"),))


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"Phi": Dangerous()}, "phi.pt")
    with pytest.raises(BadCheckpoint):
        load_phi("phi.pt")
    assert not Path("owned").exists()


# Which encoder a φ belongs to


def test_a_phi_of_other_dimensions_is_refused_with_both_pairs_of_numbers(encoder: WordEncoder):
    with pytest.raises(BadCheckpoint, match=r"features of 6 numbers to tokens of 4; words has 8 and 16"):
        check_fits(Phi(6, 7, 4), encoder)


def test_equal_dimensions_warn_unless_the_checkpoint_records_its_encoder(encoder: WordEncoder):
    stranger = IM2TEXT(8, 12, 16)
    with pytest.warns(UserWarning, match="does not record its encoder"):
        check_fits(stranger, encoder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_fits(made_for(stranger, encoder), encoder)


@pytest.mark.parametrize("origin", [{"encoder": "words", "fingerprint": "words-2"}, {"encoder": "other"}])
def test_a_recorded_encoder_has_the_last_word_over_equal_dimensions(origin: dict[str, str], encoder: WordEncoder):
    phi = IM2TEXT(8, 12, 16)
    phi.origin = origin
    with pytest.raises(BadCheckpoint, match="was trained with"):
        check_fits(phi, encoder)


class NoTokens(Encoder):
    name, dim, fingerprint, preprocess = "plain", 8, "p", ""

    def encode_images(self, images: Any, regions: Any = None, **options: Any) -> Any: ...

    def encode_texts(self, texts: Any, **options: Any) -> Any: ...


def test_an_encoder_without_pseudo_tokens_is_refused():
    with pytest.raises(BadCheckpoint, match="plain takes no pseudo-token"):
        check_fits(IM2TEXT(8, 12, 16), NoTokens())


# Prompts


@pytest.mark.parametrize(
    "template, text, n, pieces",
    [
        ("a photo of {*} , {text}", "red", 1, ["a photo of", None, ", red"]),
        ("a {text} of {*}", "cartoon", 1, ["a cartoon of", None]),
        ("a photo of {*} and {text}", "dog and cat", 1, ["a photo of", None, "and dog and cat"]),
        ("{*} {text}", "is red", 1, [None, "is red"]),
        ("a photo of {*} that {text}", "{*} {text} * $ {0}", 1, ["a photo of", None, "that {*} {text} * $ {0}"]),
        ("a photo of {*} , {text}", "red", 3, ["a photo of", None, "and", None, "and", None, ", red"]),
        ("{*} in the style of {*} , {text}", "red", 2, [None, "in the style of", None, ", red"]),
        (BARE, "", 1, ["a photo of", None]),
    ],
)
def test_a_template_is_cut_at_its_pictures_and_words_go_in_untouched(
    template: str, text: str, n: int, pieces: list[str | None]
):
    assert fill(template, text, n) == pieces


def test_a_template_with_two_places_refuses_one_picture():
    with pytest.raises(BadQuery, match="has 2 places for a picture; this query has 1"):
        fill("{*} and {*} , {text}", "red", 1)


@pytest.mark.parametrize(
    "method, benchmark, template",
    [
        ("pic2word", "", "a photo of {*} , {text}"),
        ("pic2word", "cirr-val", "a photo of {*} , {text}"),
        ("pic2word", "coco-compose", "a photo of {*} and {text}"),
        ("pic2word", "imagenet-r-domain", "a {text} of {*}"),
        ("pic2word", "cocotte", "a photo of {*} , {text}"),
        ("searle", "circo-val", "a photo of {*} that {text}"),
        ("lincir", "imagenet-r-domain", "a photo of {*} that {text}"),
    ],
)
def test_each_benchmark_has_the_prompt_its_authors_used(method: str, benchmark: str, template: str):
    assert prompt_for(method, benchmark) == template


def test_every_method_of_the_table_is_in_the_catalogue_and_every_template_has_both_places():
    for method, templates in PROMPTS.items():
        assert method in COMPOSERS
        assert all("{*}" in template and "{text}" in template for template in templates.values())


def test_a_prompt_that_leaves_the_words_out_is_refused(phi: IM2TEXT, encoder: WordEncoder):
    with pytest.raises(BadQuery, match=r"needs \{\*\} for the picture and \{text\}"):
        Pic2Word(phi, encoder, prompt="a photo of {*}")


# Composing


def by_hand(encoder: WordEncoder, phi: Any, sentence: str, *features: np.ndarray) -> np.ndarray:
    """Embed the sentence token by token, put φ's rows where `_` stands, run the tower, scale to length 1."""
    clip = encoder.clip
    assert clip.text is not None
    ids = [encoder.start, *(0 if w == "_" else encoder.vocabulary[w] for w in sentence.split()), encoder.end]
    embedded = clip.text.token_embedding(torch.tensor(ids))
    holes = [i + 1 for i, word in enumerate(sentence.split()) if word == "_"]
    for hole, feature in zip(holes, features, strict=True):
        embedded[hole] = phi(torch.from_numpy(feature.copy())[None])[0]
    row = clip.text(embedded[None], torch.tensor([len(ids) - 1]))[0].detach().numpy()
    return row / np.linalg.norm(row)


def compose(composer: Any, *queries: Query) -> np.ndarray:
    return composer.compose(list(queries), References(composer.encoder)).vectors


def test_pictures_words_and_both_become_the_sentences_the_papers_describe(
    composer: Pic2Word, encoder: WordEncoder, phi: IM2TEXT
):
    a, b = picture(1), picture(2)
    found = compose(composer, Query(a, "is red"), Query(text="is red"), Query(b), Query(b, "is blue and red"))
    expected = [
        by_hand(encoder, phi, "a photo of _ , is red", a),
        by_hand(encoder, phi, "is red"),
        by_hand(encoder, phi, "a photo of _", b),
        by_hand(encoder, phi, "a photo of _ , is blue and red", b),
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_placeholders_in_a_caption_stay_literal_words(composer: Pic2Word, encoder: WordEncoder, phi: IM2TEXT):
    found = compose(composer, Query(picture(1), "* that is *red* in $ $5"))
    np.testing.assert_allclose(
        found[0], by_hand(encoder, phi, "a photo of _ , * that is *red* in $ $5", picture(1)), atol=1e-6
    )


def test_phi_gets_the_feature_at_its_own_length_unless_the_switch_says_otherwise(phi: IM2TEXT, encoder: WordEncoder):
    long, short = picture(1), picture(1) / 3
    plain, switched = Pic2Word(phi, encoder), Pic2Word(phi, encoder, l2_normalize=True)
    assert np.abs(compose(plain, Query(long, "red")) - compose(plain, Query(short, "red"))).max() > 1e-3
    np.testing.assert_allclose(compose(switched, Query(long, "red")), compose(switched, Query(short, "red")), atol=1e-6)
    expected = by_hand(encoder, phi, "a photo of _ , red", long / np.linalg.norm(long))
    np.testing.assert_allclose(compose(switched, Query(long, "red"))[0], expected, atol=1e-6)


def test_a_region_replaces_the_reference_and_stands_beside_it_when_the_image_is_weighed(
    composer: Pic2Word, encoder: WordEncoder, phi: IM2TEXT
):
    a, box = picture(1), Region(box=(0, 0, 0.5, 0.5))  # this encoder sees a region as the row back to front
    found = compose(composer, Query(a, "red", region=box), Query(a, "red", region=box, weights={"image": 1}))
    np.testing.assert_allclose(found[0], by_hand(encoder, phi, "a photo of _ , red", a[::-1]), atol=1e-6)
    np.testing.assert_allclose(found[1], by_hand(encoder, phi, "a photo of _ and _ , red", a, a[::-1]), atol=1e-6)


def test_a_sketch_is_a_second_picture_and_a_template_may_say_how_the_two_relate(encoder: WordEncoder, phi: IM2TEXT):
    a, b = picture(1), picture(2)
    joined = compose(Pic2Word(phi, encoder), Query(a, "red", sketch=b), Query(sketch=b))
    np.testing.assert_allclose(joined[0], by_hand(encoder, phi, "a photo of _ and _ , red", a, b), atol=1e-6)
    np.testing.assert_allclose(joined[1], by_hand(encoder, phi, "a photo of _", b), atol=1e-6)
    styled = compose(Pic2Word(phi, encoder, prompt="{*} with style of {*} , {text}"), Query(a, "red", sketch=b))
    np.testing.assert_allclose(styled[0], by_hand(encoder, phi, "_ with style of _ , red", a, b), atol=1e-6)


def test_compose_prompt_takes_any_number_of_pictures(composer: Pic2Word, encoder: WordEncoder, phi: IM2TEXT):
    rows = np.stack([picture(seed) for seed in range(3)])
    found = composer.compose_prompt([None, "with", None, "in style of", None], rows)
    np.testing.assert_allclose(found, by_hand(encoder, phi, "_ with _ in style of _", *rows), atol=1e-6)
    with pytest.raises(BadQuery, match="1 places for a picture; found features of 3"):
        composer.compose_prompt(["a", None], rows)


def test_a_negative_text_is_subtracted_with_its_weight(composer: Pic2Word, encoder: WordEncoder, phi: IM2TEXT):
    found = compose(
        composer, Query(picture(1), "red", negative="blue", weights={"negative": 0.25}), Query(picture(1), "red")
    )
    prompt, away = by_hand(encoder, phi, "a photo of _ , red", picture(1)), by_hand(encoder, phi, "blue")
    np.testing.assert_allclose(found, [unit(prompt - 0.25 * away)[0], prompt], atol=1e-6)


def test_a_query_of_nothing_is_refused(composer: Pic2Word):
    with pytest.raises(BadQuery, match="no picture and no text"):
        compose(composer, Query(picture(1), "red"), Query(id="q7"))


def test_an_item_of_the_index_is_inverted_without_opening_a_picture(
    composer: Pic2Word, encoder: WordEncoder, phi: IM2TEXT
):
    from likebut.stores.base import Record

    class Shelf:
        def get(self, ids: list[str]) -> list[Record]:
            vector, norm = unit(picture(4))
            return [Record(item, vector, float(norm)) for item in ids]

    references = References(encoder, Shelf())  # type: ignore[arg-type]
    found = composer.compose([Query("@shoe", "red")], references).vectors[0]
    np.testing.assert_allclose(found, by_hand(encoder, phi, "a photo of _ , red", picture(4)), atol=1e-5)
    assert encoder.opened == 0


# Finding the weights


def test_without_a_head_for_the_encoder_the_message_says_where_to_get_one_and_what_to_type(encoder: WordEncoder):
    with pytest.raises(NotFound, match=r"(?s)SEARLE_ViT-L14.pt.*miccunifi/SEARLE.*phi=.*likebut train searle --index"):
        load_composer("searle", encoder)


def test_a_file_given_as_option_is_loaded_and_options_reach_the_composer(tmp_path: Path, encoder: WordEncoder):
    phi = Phi(8, 9, 16).eval()
    torch.save({"epoch": 1, "Phi": phi.state_dict()}, tmp_path / "phi.pt")
    with pytest.warns(UserWarning, match="does not record its encoder"):
        composer = load_composer("searle", lambda: encoder, phi=tmp_path / "phi.pt", prompt="{*} in {text}")
    assert isinstance(composer, Searle)
    np.testing.assert_allclose(
        compose(composer, Query(picture(1), "red"))[0], by_hand(encoder, phi, "_ in red", picture(1)), atol=1e-6
    )


def test_options_recorded_in_a_checkpoint_hold_unless_given(tmp_path: Path, encoder: WordEncoder):
    save_file(Phi(8, 9, 16).state_dict(), tmp_path / "model.safetensors")
    about = {"encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint}, "options": {"l2_normalize": True}}
    (tmp_path / "config.json").write_text(json.dumps(about))
    assert load_composer("lincir", encoder, phi=tmp_path).l2_normalize  # type: ignore[attr-defined]
    assert not load_composer("lincir", encoder, phi=tmp_path, l2_normalize=False).l2_normalize  # type: ignore[attr-defined]


def test_a_checkpoint_folder_is_a_composer_by_its_path(tmp_path: Path, encoder: WordEncoder):
    save_file(Phi(8, 9, 16).state_dict(), tmp_path / "model.safetensors")
    about: dict[str, Any] = {"encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint}}
    (tmp_path / "config.json").write_text(json.dumps({**about, "class": COMPOSERS["lincir"].target}))
    assert load_composer(str(tmp_path), encoder).name == "lincir"
    assert load_composer(f"{tmp_path}", encoder, l2_normalize=True).l2_normalize  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "named",
    [
        "os:system",
        "likebut.composers.nothing:Pic2Word",
        "likebut.composers.pic2word:nothing",
        "likebut.composers.fusion:sum",
    ],
)
def test_a_checkpoint_folder_may_name_composers_only(named: str, tmp_path: Path, encoder: WordEncoder):
    (tmp_path / "config.json").write_text(json.dumps({"class": named}))
    with pytest.raises(BadCheckpoint, match=r"composer"):
        load_composer(str(tmp_path), encoder)
