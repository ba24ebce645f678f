from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from likebut.encoders.clip import CLIP, load_clip
from likebut.encoders.clip.torchscript import is_torchscript
from likebut.errors import BadCheckpoint, NotFound
from tests.encoders.tiny import VISION, assert_same_features, ids, openai_state, pixels, tiny_clip

NUMBERS = {"input_resolution": 32, "context_length": 77, "vocab_size": 100}


@pytest.fixture(scope="module")
def clip() -> CLIP:
    return tiny_clip()


def contents(clip: CLIP) -> dict[str, Any]:
    """Every container that the literature left behind, around the same weights."""
    state = openai_state(clip)
    wrapped = {f"module.{key}": tensor for key, tensor in state.items()}
    alone = {
        (key if key.startswith("visual.") or key == "logit_scale" else f"text.{key}"): value
        for key, value in state.items()
    }
    return {
        "openai": {**state, **NUMBERS},
        "openai with tensors": {**state, **{key: torch.tensor(value) for key, value in NUMBERS.items()}},
        "plain": state,
        "half": {key: tensor.half().float() for key, tensor in state.items()},
        "pic2word": {"epoch": 3, "name": "x", "state_dict": wrapped, "state_dict_img2text": {}, "optimizer": {}},
        "clip4cir": {"epoch": 7, "CLIP": state},
        "open_clip training": {"epoch": 1, "name": "ViT-tiny-quickgelu", "state_dict": wrapped},
        "open_clip text tower": alone,
    }


@pytest.mark.parametrize("kind", list(contents(tiny_clip())))
def test_every_container_gives_the_same_network(kind: str, clip: CLIP, tmp_path: Path):
    torch.save(contents(clip)[kind], tmp_path / "clip.pt")
    if kind == "half":
        loaded = load_clip(tmp_path / "clip.pt")
        assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
        torch.testing.assert_close(loaded.visual.conv1.weight, clip.visual.conv1.weight.half().float())
        return
    activation = "quick_gelu" if kind.startswith("open_clip") else None  # nothing in those files says it
    loaded = load_clip(tmp_path / "clip.pt", activation=activation)
    assert loaded.config == clip.config
    assert not loaded.training
    assert_same_features(loaded, clip)


@pytest.mark.parametrize(
    "file, activation",
    [
        ("clip.pt", "quick_gelu"),
        ("open_clip_pytorch_model.bin", "gelu"),
        ("open_clip-ViT-B-32-quickgelu.pt", "quick_gelu"),
        ("CLIP-laion2b.pt", "gelu"),
    ],
)
def test_the_activation_of_a_flat_state_dict_follows_its_name(file: str, activation: str, clip: CLIP, tmp_path: Path):
    torch.save(openai_state(clip), tmp_path / file)
    assert load_clip(tmp_path / file).config.text.activation == activation


def test_an_open_clip_folder_says_heads_and_activation(tmp_path: Path):
    clip = tiny_clip(activation="gelu", heads=2)
    save_file(openai_state(clip), tmp_path / "open_clip_model.safetensors")
    config = {
        "model_cfg": {
            "embed_dim": 16,
            "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
            "text_cfg": {"context_length": 77, "vocab_size": 100, "width": 64, "heads": 2, "layers": 2},
        }
    }
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    loaded = load_clip(tmp_path)
    assert loaded.config == clip.config
    assert_same_features(loaded, clip)


class Archive(nn.Module):
    """A module with OpenAI's names that TorchScript can trace."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        for key, tensor in state.items():
            *path, name = key.split(".")
            place: nn.Module = self
            for part in path:
                if part not in dict(place.named_children()):
                    place.add_module(part, nn.Module())
                place = place.get_submodule(part)
            place.register_parameter(name, nn.Parameter(tensor.half()))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.logit_scale


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_torchscript_archive_is_read_without_running_it(clip: CLIP, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    traced = torch.jit.trace(Archive(openai_state(clip)), torch.zeros(1), check_trace=False)
    torch.jit.save(traced, str(tmp_path / "ViT.pt"))
    assert is_torchscript(tmp_path / "ViT.pt")
    monkeypatch.setattr(torch.jit, "load", lambda *_: pytest.fail("the archive's code was loaded"))
    loaded = load_clip(tmp_path / "ViT.pt")
    assert loaded.config == clip.config
    for key, tensor in clip.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[key], tensor.half().float(), atol=0, rtol=0)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("this must never be printed",))


@pytest.mark.parametrize("archive", ["torch.save", "torchscript"])
def test_a_file_that_wants_to_run_code_is_refused(archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    import zipfile

    path = tmp_path / "evil.pt"
    if archive == "torch.save":
        torch.save({"state_dict": Evil()}, path)
    else:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("evil/data.pkl", pickle.dumps(Evil()))
            file.writestr("evil/constants.pkl", b"")
    with pytest.raises(BadCheckpoint, match="evil.pt"):
        load_clip(path)
    assert "never" not in capsys.readouterr().out


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
@torch.inference_mode()
def test_equals_hugging_faces_clip_model(activation: str, tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    towers = {"intermediate_size": 100, "num_hidden_layers": 3, "hidden_act": activation}
    marks = {"eos_token_id": 99, "bos_token_id": 98, "pad_token_id": 0}
    config = transformers.CLIPConfig(
        projection_dim=24,
        text_config={"vocab_size": 100, "hidden_size": 48, "num_attention_heads": 4, **marks, **towers},
        vision_config={"hidden_size": 40, "num_attention_heads": 5, "image_size": 32, "patch_size": 8, **towers},
    )
    theirs = transformers.CLIPModel(config).eval()
    generator = torch.Generator().manual_seed(0)
    for name, parameter in theirs.named_parameters():
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        parameter.copy_(centre + 0.2 * torch.randn(parameter.shape, generator=generator))
    rows = ids([1, 2, 3], [], [5] * 75, [9, 8])
    images = theirs.visual_projection(theirs.vision_model(pixel_values=pixels()).pooler_output)
    texts = theirs.text_projection(theirs.text_model(input_ids=rows).pooler_output)
    assert (images[0] - images[1]).abs().max() > 0.1
    assert (texts[0] - texts[1]).abs().max() > 0.1

    for shards in ("10GB", "40KB"):
        theirs.save_pretrained(tmp_path / shards, max_shard_size=shards)
        ours = load_clip(tmp_path / shards)
        torch.testing.assert_close(ours.encode_image(pixels()), images, atol=1e-5, rtol=0)
        torch.testing.assert_close(ours.encode_text(rows), texts, atol=1e-5, rtol=0)
    assert (tmp_path / "40KB" / "model.safetensors.index.json").exists()

    for kind, settings in (
        ("CLIPTextModelWithProjection", config.text_config),
        ("CLIPVisionModelWithProjection", config.vision_config),
    ):
        settings.projection_dim = 24
        tower = getattr(transformers, kind)(settings).eval()
        missing = tower.load_state_dict(theirs.state_dict(), strict=False).missing_keys
        assert [key for key in missing if "position_ids" not in key] == []
        tower.save_pretrained(tmp_path / kind)
        alone = load_clip(tmp_path / kind)
        if "Text" in kind:
            assert alone.visual is None
            torch.testing.assert_close(alone.encode_text(rows), texts, atol=1e-5, rtol=0)
        else:
            assert alone.text is None
            torch.testing.assert_close(alone.encode_image(pixels()), images, atol=1e-5, rtol=0)


def test_an_alpha_tower_replaces_the_visual_one(clip: CLIP, tmp_path: Path):
    masked = tiny_clip(vision=replace(VISION, alpha=True), text=None, seed=5)
    tower = {
        key.removeprefix("visual.").replace("attn.in_proj_", "attn.in_proj."): tensor
        for key, tensor in openai_state(masked).items()
        if key != "logit_scale"
    }
    torch.save(tower, tmp_path / "alpha.pth")
    torch.save(openai_state(clip), tmp_path / "clip.pt")
    both = load_clip(tmp_path / "clip.pt", alpha=tmp_path / "alpha.pth")
    alpha = torch.randn(3, 1, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(both.encode_image(pixels(), alpha), masked.encode_image(pixels(), alpha))
        torch.testing.assert_close(both.encode_text(ids([1, 2])), clip.encode_text(ids([1, 2])))
    assert_same_features(load_clip(tmp_path / "alpha.pth"), masked)
    with pytest.raises(BadCheckpoint, match="conv1_alpha"):
        load_clip(tmp_path / "clip.pt", alpha=tmp_path / "clip.pt")


def without(state: dict[str, Tensor], key: str) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name != key}


STATE = openai_state(tiny_clip())


@pytest.mark.parametrize(
    "content, message",
    [
        (without(STATE, "visual.ln_post.weight"), r"lacks 'visual.ln_post.weight'"),
        (
            without(STATE, "transformer.resblocks.1.attn.in_proj_weight"),
            r"lacks 'transformer.resblocks.1.attn.in_proj_weight'",
        ),
        (without(STATE, "visual.proj"), r"lacks 'visual.proj'"),
        (without(STATE, "logit_scale"), r"lacks 'logit_scale'"),
        ({**STATE, "visual.ls_1.gamma": torch.ones(1)}, r"unexpected 'visual.ls_1.gamma'"),
        ({**STATE, "ln_final.bias": torch.ones(3)}, r"'ln_final.bias' is \(3,\); expected \(64,\)"),
        ({**STATE, "visual.trunk.norm.weight": torch.ones(1)}, "timm"),
        ({"weight": torch.ones(1)}, "No CLIP tower among its 1 tensors; the first is 'weight'"),
        ({"Phi": {"layers.0.weight": torch.ones(1)}, "epoch": 1}, "'Phi', 'epoch'"),
        ([1, 2], "expected a CLIP's state dict"),
    ],
)
def test_weights_that_do_not_fit_are_named(content: Any, message: str, tmp_path: Path):
    torch.save(content, tmp_path / "clip.pt")
    with pytest.raises(BadCheckpoint, match=message):
        load_clip(tmp_path / "clip.pt")


def test_heads_that_tensors_cannot_tell_must_be_given(tmp_path: Path):
    clip = tiny_clip(vision=None, width=48, heads=3)
    torch.save(openai_state(clip), tmp_path / "clip.pt")
    with pytest.raises(BadCheckpoint, match="48 wide.*text_heads="):
        load_clip(tmp_path / "clip.pt")
    assert_same_features(load_clip(tmp_path / "clip.pt", text_heads=3), clip)


def test_damaged_and_absent_files_are_named(tmp_path: Path):
    (tmp_path / "bad.safetensors").write_bytes(b"not tensors")
    (tmp_path / "bad.pt").write_bytes(b"PK\x03\x04 cut short")
    for name in ("bad.safetensors", "bad.pt"):
        with pytest.raises(BadCheckpoint, match=name):
            load_clip(tmp_path / name)
    with pytest.raises(NotFound, match="holds no weights; expected one of model.safetensors"):
        load_clip(tmp_path)
    with pytest.raises(NotFound, match="hub id such as"):
        load_clip(tmp_path / "nothing.pt")


def test_offline_a_hub_id_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NotFound, match="openai/clip-vit-base-patch32 is not in the local cache.*pass the path"):
        load_clip("openai/clip-vit-base-patch32")
