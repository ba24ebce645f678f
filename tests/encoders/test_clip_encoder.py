from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from likebut.encoders import load_encoder
from likebut.encoders.base import RegionEncoder, TokenEncoder
from likebut.encoders.clip import CLIP, Tokenizer, train_vocabulary
from likebut.encoders.clip.encoder import AlphaClipEncoder, ClipEncoder, pick_device, pick_precision
from likebut.encoders.clip.folders import save_encoder
from likebut.encoders.clip.preprocess import Preprocess
from likebut.errors import BadCheckpoint, BadImage, BadQuery, NotFound, UnknownName
from likebut.images import clip_pad, to_pixels
from likebut.types import Region
from tests.encoders.tiny import TEXT, VISION, tiny_clip

TOKENIZER = train_vocabulary(["a red shirt with dots", "a blue round cup", "two green chairs"] * 5, size=560)
TEXTS = ["a red shirt", "", "two green chairs with dots and a blue round cup", "dots"]


def encoder(vision: object = VISION, **options: object) -> ClipEncoder:
    clip = tiny_clip(vision=vision, text=replace(TEXT, vocab_size=560))
    kind = AlphaClipEncoder if clip.has_alpha else ClipEncoder
    return kind(clip, TOKENIZER, Preprocess(size=32, **options), name="tiny", device="cpu")  # type: ignore[arg-type]


def photo(width: int = 60, height: int = 40, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_pictures_become_unit_rows_whatever_the_batch():
    tiny, photos = encoder(), [photo(seed=number) for number in range(7)]
    rows, norms = tiny.encode_images(photos, return_norms=True)
    with torch.inference_mode():
        pixels = np.stack([to_pixels(clip_pad(one, 32)) for one in photos])
        expected = tiny.clip.encode_image(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(rows * norms[:, None], expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows.dtype == np.float32
    for batch_size in (1, 3, 7):
        np.testing.assert_allclose(tiny.encode_images(photos, batch_size=batch_size), rows, atol=1e-5)


def test_texts_keep_their_order_though_they_are_sorted_by_length():
    tiny = encoder()
    rows = tiny.encode_texts(TEXTS, batch_size=2)
    for text, row in zip(TEXTS, rows, strict=True):
        np.testing.assert_allclose(tiny.encode_texts([text])[0], row, atol=1e-5)
    assert np.abs(rows[0] - rows[3]).max() > 1e-2


def test_nothing_in_gives_nothing_out():
    tiny = encoder()
    assert tiny.encode_images([]).shape == tiny.encode_texts([]).shape == (0, 16)
    assert tiny.encode_prompts([], np.zeros((0, 1, 64))).shape == (0, 16)


def test_a_pseudo_token_that_is_a_words_embedding_reads_like_the_word():
    tiny = encoder()
    assert isinstance(tiny, TokenEncoder)
    (red,) = TOKENIZER.pieces(["red"])
    token = tiny.clip.text.token_embedding.weight[red].numpy()  # (1, W): "red" is one piece
    prompts = [["a", None, "shirt"], ["dots"], [None, "cup * $ *"]]
    rows = tiny.encode_prompts(prompts, np.stack([token] * 3))
    expected = tiny.encode_texts(["a red shirt", "dots", "red cup * $ *"])
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_pseudo_tokens_that_do_not_match_their_prompts_are_named():
    tiny = encoder()
    with pytest.raises(BadQuery, match="Prompt 0 has more places than its 1 pseudo-token"):
        tiny.encode_prompts([[None, None]], np.zeros((1, 1, 64)))
    with pytest.raises(BadQuery, match=r"expected \(2, n, 64\)"):
        tiny.encode_prompts([[None], [None]], np.zeros((1, 1, 64)))


def test_without_alpha_a_region_is_a_crop():
    tiny, picture = encoder(), photo()
    assert not isinstance(tiny, RegionEncoder)
    rows = tiny.encode_images([picture, picture], [Region(box=(0.5, 0, 1, 1)), None])
    np.testing.assert_allclose(rows[0], tiny.encode_images([picture.crop((30, 0, 60, 40))])[0], atol=1e-5)
    np.testing.assert_allclose(rows[1], tiny.encode_images([picture])[0], atol=1e-5)


def test_with_alpha_a_region_is_a_mask_on_the_whole_picture():
    tiny, picture = encoder(vision=replace(VISION, alpha=True)), photo(40, 40)
    assert isinstance(tiny, RegionEncoder)
    rows = tiny.encode_images([picture] * 3, [None, Region(box=(0, 0, 1, 1)), Region(box=(0, 0, 0.5, 1))])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)  # no region: everything counts
    assert np.abs(rows[0] - rows[2]).max() > 1e-2
    pixels, alpha = tiny.preprocessing.pixels_and_alpha(picture, Region(box=(0, 0, 0.5, 1)))
    np.testing.assert_allclose(pixels, to_pixels(clip_pad(picture, 32)))
    np.testing.assert_allclose(alpha[0, :, :14], 0.5 / 0.26, atol=1e-5)
    np.testing.assert_allclose(alpha[0, :, 18:], -0.5 / 0.26, atol=1e-5)


@pytest.mark.parametrize("box", [(0, 0, 0.1, 1), (0.9, 0, 1, 1), (0.45, 0, 0.55, 1)])
def test_a_region_outside_the_centre_crop_is_seen_all_the_same(box: tuple[float, float, float, float]):
    # 90 × 30: the centre crop keeps columns 30 to 60, so a region at either end would be lost without the padding.
    mask = Preprocess(size=32).pixels_and_alpha(photo(90, 30), Region(box=box))[1]
    assert (mask > 0).any()


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut short")
    with pytest.raises(BadImage, match="broken.jpg"):
        encoder().encode_images([photo(), tmp_path / "broken.jpg"])
    with pytest.raises(BadQuery, match="2 pictures and 1 regions"):
        encoder().encode_images([photo(), photo()], [None])


def test_the_fingerprint_follows_weights_shape_and_preprocessing():
    first = encoder().fingerprint
    assert len(first) == 16
    assert encoder().fingerprint == first
    assert encoder(padding="target").fingerprint != first
    other = tiny_clip(text=replace(TEXT, vocab_size=560))
    other.visual.ln_post.bias.data[0] += 1e-3
    assert ClipEncoder(other, TOKENIZER, Preprocess(size=32), name="x", device="cpu").fingerprint != first
    half = ClipEncoder(
        tiny_clip(text=replace(TEXT, vocab_size=560)),
        TOKENIZER,
        Preprocess(size=32),
        name="x",
        device="cpu",
        precision="bf16",
    )
    assert half.fingerprint == first  # the same network, computed otherwise
    assert half.clip.dtype == torch.bfloat16
    assert (half.encode_texts(TEXTS) * encoder().encode_texts(TEXTS)).sum(1).min() > 0.99


def test_auto_never_means_bf16_on_a_cpu():
    assert pick_precision("auto", torch.device("cpu")) == torch.float32
    assert pick_precision("auto", torch.device("cuda")) == torch.float16
    with pytest.raises(BadQuery, match="expected auto, fp32"):
        pick_precision("int3", torch.device("cpu"))
    with pytest.raises(BadQuery, match="no device 'cuda:99'"):
        pick_device("cuda:99")


def test_a_saved_encoder_comes_back(tmp_path: Path):
    clip = tiny_clip(vision=replace(VISION, alpha=True), text=replace(TEXT, vocab_size=560))
    mark = save_encoder(tmp_path / "m", clip, TOKENIZER, Preprocess(32, "target"), {"licence": "CC0"})
    loaded = load_encoder(str(tmp_path / "m"), device="cpu")
    assert isinstance(loaded, AlphaClipEncoder)
    assert (loaded.fingerprint, loaded.name) == (mark, str((tmp_path / "m").resolve()))
    assert loaded.preprocess == "targetpad 1.25, 32 px, fast"
    assert {parameter.dtype for parameter in loaded.clip.parameters()} == {torch.float32}
    before = AlphaClipEncoder(clip, TOKENIZER, Preprocess(32, "target"), name="x", device="cpu")
    np.testing.assert_allclose(loaded.encode_texts(TEXTS), before.encode_texts(TEXTS), atol=5e-3)  # fp16 on disk
    half_megabyte = sum(p.numel() for p in clip.parameters()) * 2
    assert (tmp_path / "m" / "model.safetensors").stat().st_size == pytest.approx(half_megabyte, rel=0.05)


def test_options_behind_a_name_survive_in_the_name(tmp_path: Path):
    save_encoder(tmp_path, tiny_clip(text=replace(TEXT, vocab_size=560)), TOKENIZER, Preprocess(32))
    plain = load_encoder(str(tmp_path), device="cpu")
    written = load_encoder(f"{tmp_path}:padding=target,decode=exact", device="cpu")
    given = load_encoder(str(tmp_path), device="cpu", decode="exact", padding="target")
    assert written.preprocess == given.preprocess == "targetpad 1.25, 32 px, exact"
    assert written.name == given.name
    again = load_encoder(written.name, device="cpu")
    assert again.fingerprint == written.fingerprint == given.fingerprint != plain.fingerprint
    with pytest.raises(BadQuery, match="unknown option 'colour'"):
        load_encoder(f"{tmp_path}:colour=red")


def test_hugging_faces_folder_is_an_encoder_equal_to_theirs(tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    small = train_vocabulary(["a red shirt with dots", "a blue round cup"], size=544)
    small.save(tmp_path)
    towers = {"hidden_size": 64, "intermediate_size": 100, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.CLIPConfig(
        projection_dim=24,
        text_config={"vocab_size": len(small), "eos_token_id": small.eot, "bos_token_id": small.sot, **towers},
        vision_config={"image_size": 32, "patch_size": 8, **towers},
    )
    theirs = transformers.CLIPModel(config).eval()
    theirs.save_pretrained(tmp_path)
    ours = load_encoder(str(tmp_path), device="cpu")
    with torch.inference_mode():
        ids = torch.from_numpy(small(TEXTS))
        texts = theirs.text_projection(theirs.text_model(input_ids=ids, attention_mask=None).pooler_output)
        pixels = torch.from_numpy(to_pixels(clip_pad(photo(), 32)))[None]
        images = theirs.visual_projection(theirs.vision_model(pixel_values=pixels).pooler_output)
    np.testing.assert_allclose(ours.encode_texts(TEXTS), texts / texts.norm(dim=-1, keepdim=True), atol=1e-5)
    np.testing.assert_allclose(ours.encode_images([photo()]), images / images.norm(dim=-1, keepdim=True), atol=1e-5)


def test_one_tower_encodes_what_it_can(tmp_path: Path):
    torch.save(image_tower(tiny_clip()), tmp_path / "visual.pt")
    pictures = load_encoder(str(tmp_path / "visual.pt"), device="cpu")
    assert pictures.encode_images([photo()]).shape == (1, 16)
    with pytest.raises(BadQuery, match="no text tower; it encodes pictures only"):
        pictures.encode_texts(["red"])


def image_tower(clip: CLIP) -> dict[str, torch.Tensor]:
    from tests.encoders.tiny import openai_state

    return {k.removeprefix("visual."): v for k, v in openai_state(clip).items() if k.startswith("visual.")}


def test_names_that_mean_nothing_say_what_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UnknownName, match="Did you mean 'clip-vit-b32'.*hub id"):
        load_encoder("clip-vit-b33")
    (tmp_path / "config.json").write_text('{"class": "os:system"}')
    with pytest.raises(BadCheckpoint, match="'os:system'; expected one of likebut's own"):
        load_encoder(str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(NotFound, match="BAAI/BGE-VL-base is not in the local cache.*wardrobe-tiny"):
        load_encoder("bge-vl-base")


def test_a_hub_id_that_is_cached_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    place, commit = tmp_path / "models--someone--tiny", "0123456789abcdef0123456789abcdef01234567"
    clip = tiny_clip(text=replace(TEXT, vocab_size=560))
    mark = save_encoder(place / "snapshots" / commit, clip, TOKENIZER, Preprocess(32))
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    for name in ("someone/tiny", "someone/tiny@main"):
        cached = load_encoder(name, device="cpu")
        assert (cached.name, cached.fingerprint) == (name, mark)
    with pytest.raises(NotFound, match="someone/tiny@other is not in the local cache"):
        load_encoder("someone/tiny@other")


def test_the_tokenizer_is_part_of_the_message_when_it_is_missing(tmp_path: Path):
    from tests.encoders.tiny import openai_state

    torch.save(openai_state(tiny_clip()), tmp_path / "clip.pt")
    with pytest.raises(NotFound, match="No vocabulary of 100 pieces.*beside the checkpoint"):
        load_encoder(str(tmp_path / "clip.pt"))


def test_tokenizers_of_other_sizes_beside_a_checkpoint_are_refused(tmp_path: Path):
    from tests.encoders.tiny import openai_state

    torch.save(openai_state(tiny_clip()), tmp_path / "clip.pt")
    Tokenizer.save(TOKENIZER, tmp_path)
    with pytest.raises(BadCheckpoint, match="the text tower 100"):
        load_encoder(str(tmp_path / "clip.pt"))
