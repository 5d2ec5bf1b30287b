"""SAM 2's weights: a folder as it is published, and everything else refused with a sentence."""

from __future__ import annotations

import json
import pickle
import sys

import pytest

torch = pytest.importorskip("torch")

from cleanplate.masks.sam2.checkpoint import load_sam2  # noqa: E402 - after what may be missing
from made_sam2 import save  # noqa: E402
from made_weights import refused, tensors_or_refusal  # noqa: E402

COPY = "prompt_encoder.shared_embedding.positional_embedding"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sam2")
    return folder, save(folder)


@pytest.fixture
def folder(published, tmp_path):
    """A copy that may be spoilt."""
    for file in published[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def rewrite(folder, change):
    """Change the named tensors of a folder."""
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


def retell(folder, change):
    """Change what its config.json says."""
    told = json.loads((folder / "config.json").read_text())
    change(told)
    (folder / "config.json").write_text(json.dumps(told))


def same(one, other):
    states = one.state_dict(), other.state_dict()
    assert states[0].keys() == states[1].keys()
    return all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_folder_or_the_file_in_it(published):
    folder, network = published
    before = torch.get_rng_state()
    sam2 = load_sam2(folder, device="cpu", precision="fp32")
    assert torch.equal(before, torch.get_rng_state())
    assert same(sam2.network, network)
    assert (sam2.side, sam2.bf16, sam2.network.training) == (64, False, False)
    own = dict(network.named_buffers())
    for name, tensor in sam2.network.named_buffers():  # those that no file holds as well
        assert torch.equal(tensor, own[name])
    assert same(load_sam2(str(folder / "model.safetensors")).network, network)


def test_what_older_files_leave_out_or_call_otherwise(folder, published):
    def older(told):
        told["memory_attention_rope_theta"] = told.pop("rope_parameters")["rope_theta"]
        del told["max_cond_frame_num"]

    retell(folder, older)
    rewrite(folder, lambda state: state.pop(COPY))
    network = load_sam2(folder).network
    shared = published[1].shared_image_embedding.positional_embedding
    assert torch.equal(network.prompt_encoder.shared_embedding.positional_embedding, shared)
    assert network.config.rope_parameters["rope_theta"] == 10_000


def test_a_config_names_no_other_network_and_no_code(folder, published):
    def cunning(told):
        told |= {"auto_map": {"AutoModel": "evil--code.Model"}, "architectures": ["Other"]}
        told |= {"_attn_implementation": "evil/kernel", "attn_implementation": "evil/kernel"}
        told["vision_config"]["model_type"] = "timm_wrapper"

    retell(folder, cunning)
    network = load_sam2(folder).network
    assert same(network, published[1])
    assert network.config._attn_implementation == published[1].config._attn_implementation


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda told: told.update(model_type="sam2"), "are of 'sam2', not 'sam2_video'"),
        (lambda told: told.pop("model_type"), "are of 'None'"),
        (lambda told: told.pop("vision_config"), "describes no SAM 2"),
        (lambda told: told.update(vision_config=[]), "describes no SAM 2"),
        (lambda told: told.update(image_size=[64, 64]), "describes no SAM 2"),
        (lambda told: told.update(num_maskmem="many"), "describes no SAM 2"),
        (lambda told: told.update(memory_attention_num_layers=10**9), "describes no SAM 2"),
        (
            lambda told: told["vision_config"]["backbone_config"].update(blocks_per_stage=[10**9]),
            "describes no SAM 2",
        ),
        (lambda told: told.update(image_size=32), "describes no SAM 2"),
        (lambda told: told.update(image_size=0), "describes no SAM 2"),
        (
            lambda told: told.update(memory_attention_rope_feat_sizes=[1024, 1024]),
            "describes no SAM 2",
        ),
        (
            lambda told: told["vision_config"].update(backbone_feature_sizes=[[8, 8]] * 3),
            "describes no SAM 2",
        ),
        (lambda told: told["prompt_encoder_config"].update(image_size=32), "describes no SAM 2"),
        (lambda told: told.update(max_object_pointers_in_encoder=1), "describes no SAM 2"),
        (lambda told: told["rope_parameters"].update(rope_theta=0), "describes no SAM 2"),
        (lambda told: told.update(num_maskmem=5), "do not fit this SAM 2: 'memory_temporal"),
    ],
)
def test_configs_that_are_refused(folder, spoil, said):
    retell(folder, spoil)
    refused(said, load_sam2, folder)


@pytest.mark.parametrize("text", ["", "[1]", "{", "NaN" * 400_000], ids=len)
def test_a_config_that_is_none(folder, text):
    (folder / "config.json").write_text(text)
    refused("config.json is damaged", load_sam2, folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda state: state.pop("no_memory_embedding"), "'no_memory_embedding' is missing"),
        (lambda state: state.update(more=torch.zeros(1)), "'more' has no place in it"),
        (lambda state: state["no_object_pointer"].fill_(float("nan")), "that are no numbers"),
    ],
)
def test_tensors_that_are_refused(folder, spoil, said):
    rewrite(folder, spoil)
    refused(said, load_sam2, folder)


def test_nothing_is_unpickled(folder):
    class Evil:
        def __reduce__(self):
            return (pytest.fail, ("it was run",))

    for name in ("sam2.1_hiera_tiny.pt", "model.safetensors"):
        (folder / name).write_bytes(pickle.dumps(Evil()))
    refused("are not opened. Give the folder", load_sam2, folder / "sam2.1_hiera_tiny.pt")
    refused("were not opened", load_sam2, folder)


@pytest.mark.parametrize("place", [0, 8, 60, 5000])
def test_damaged_files_are_refused(folder, place):
    file = folder / "model.safetensors"
    read = lambda path: load_sam2(path).network.state_dict()  # noqa: E731
    tensors_or_refusal(read, file, place, b"\xff\x00\xff\xff", cut=False)
    tensors_or_refusal(read, file, place, b"", cut=True)


def test_what_is_not_there(folder, tmp_path):
    refused("SAM 2 needs its weights. Give the folder", load_sam2, None)
    refused("have no config.json", load_sam2, tmp_path / "nowhere")
    (folder / "model.safetensors").unlink()
    refused("have no model.safetensors", load_sam2, folder)


def test_without_the_extra_it_is_said(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused(r"not installed. Install cleanplate\[sam2\]", load_sam2, folder)
