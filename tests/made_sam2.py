"""Small SAM 2s with weights drawn at random, written as the published ones are."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers", reason="needs cleanplate[sam2]")

from cleanplate.masks.sam2.prompts import MEAN, STD  # noqa: E402 - after what may be missing

SIDE = 64  # of its pictures
POINTERS, SLOTS = 4, 3  # how far it looks back


def config(side=SIDE):
    """What a small one is built from; every part is there."""
    from transformers import Sam2VideoConfig

    cells = side // 16
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [side, side],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [8, 4, 4, 2],
        "global_attention_blocks": [3],
        "window_positional_embedding_background_size": [2, 2],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[times * cells] * 2 for times in (4, 2, 1)],
        "fpn_hidden_size": 128,
    }
    return Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 128, "image_size": side, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 128, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16,
        },
        image_size=side,
        num_maskmem=SLOTS,
        max_object_pointers_in_encoder=POINTERS,
        memory_attention_hidden_size=128,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[cells, cells],
        memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=32,
    )  # fmt: skip


def save(folder, *, seed=0, there=30.0):
    """Write one that says of every frame how sure it is that the object is there; return it."""
    from transformers import Sam2VideoModel

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Sam2VideoModel(config()).eval().requires_grad_(False)
        for tensor in network.parameters():
            torch.nn.init.normal_(tensor, std=0.15)
        scores = network.mask_decoder.pred_obj_score_head.proj_out
        scores.weight *= 0
        scores.bias.fill_(there)
        network.save_pretrained(folder)
    return network


def slow_twin(network, frames, marks):
    """Logits by frame as the library finds them when it holds the whole clip and all outputs."""
    from transformers import Sam2VideoInferenceSession

    pixels = (torch.from_numpy(frames).float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    session = Sam2VideoInferenceSession(pixels.permute(0, 3, 1, 2), dtype=torch.float32)
    session.obj_id_to_idx(7)
    for frame, mask in marks.items():
        session.add_mask_inputs(0, frame, torch.from_numpy(mask).float()[None, None])
        session.obj_with_new_inputs = [7]
        network(session, frame_idx=frame)
    first, found = min(marks), {}
    for back in (False, True):
        outputs = network.propagate_in_video_iterator(session, start_frame_idx=first, reverse=back)
        found |= {output.frame_idx: output.pred_masks for output in outputs}
    return found
