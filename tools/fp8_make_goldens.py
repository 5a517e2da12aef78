#!/usr/bin/env python3
"""Writes tests/golden/models/llama-fp8-*: tiny random Llamas with projections in F8_E4M3, rounded by others' code.

For each layout a folder in Hugging Face layout, rounded and written by compressed-tensors or by transformers' fp8 code,
and beside it `golden.safetensors`, as model_make_goldens.py makes it, from the weights as that same code decodes them in
F32; some of these too ("decoded.NAME"). Activations are not rounded, whatever the configuration asks for. The versions
are noted in VERSIONS.fp8.

    python3 -m venv venv && venv/bin/pip install torch transformers compressed-tensors accelerate
    venv/bin/python tools/fp8_make_goldens.py tests/golden/models
"""
import copy
import importlib.metadata
import json
import pathlib
import shutil
import sys
import types

import torch
from compressed_tensors.compressors import ModelCompressor
from compressed_tensors.quantization import QuantizationConfig, apply_quantization_config
from compressed_tensors.quantization.utils import calculate_qparams
from model_make_goldens import golden, randomise
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, FineGrainedFP8Config, LlamaConfig
from transformers.integrations.finegrained_fp8 import Fp8Quantize

SHAPE = dict(vocab_size=67, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=1, head_dim=16, max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0,
             bos_token_id=0, eos_token_id=1)
DECODED = [f"model.layers.1.{name}_proj.weight" for name in ("self_attn.k", "mlp.gate", "mlp.down")]


def fp8(strategy, **more):
    return {"num_bits": 8, "type": "float", "symmetric": True, "dynamic": False, "strategy": strategy, **more}


# compressed-tensors. 48 and 16 rows are no multiples of 32: the last block of a column has fewer.
COMPRESSED = {
    "tensor": {"weights": fp8("tensor"), "input_activations": fp8("tensor"), "kv_cache_scheme": fp8("tensor"),
               "attention": fp8("tensor")},
    "channel": {"weights": fp8("channel"), "input_activations": fp8("token", dynamic=True),
                "ignore": ["model.layers.0.mlp.down_proj"], "tied": True},
    "naive": {"weights": fp8("channel"), "dtype": torch.float16},  # how the format is called without input_activations
    "block": {"weights": fp8("block", block_structure=[32, 16]),
              "input_activations": fp8("group", group_size=16, dynamic=True)},
}
# transformers' "fp8".
FINE = {
    "fine-block": FineGrainedFP8Config(weight_block_size=(16, 16), modules_to_not_convert=["lm_head"]),
    "fine-tensor": FineGrainedFP8Config(weight_block_size=None, activation_scheme="static",
                                        modules_to_not_convert=["lm_head"]),
}


def random_model(seed, dtype, tied=False):
    model = AutoModelForCausalLM.from_config(LlamaConfig(**SHAPE, tie_word_embeddings=tied), dtype=torch.float32)
    randomise(model, seed)
    return model.to(dtype)


def of_blocks(weight, rows, columns, reduce):
    return torch.stack([torch.stack([reduce(block) for block in band.split(columns, 1)]) for band in weight.split(rows)])


def observe(module):
    """Fills the scales that apply_quantization_config made room for."""
    args = module.quantization_scheme.weights
    if args is None:  # an attention: its inputs and the cache are rounded
        for scale in (module.q_scale, module.k_scale, module.v_scale):
            scale.data.fill_(0.02)
        return
    rows, columns = {"tensor": module.weight.shape, "channel": (1, module.weight.shape[1]),
                     "block": args.block_structure}[args.strategy]
    low, high = (of_blocks(module.weight, rows, columns, reduce) for reduce in (torch.amin, torch.amax))
    scale, _ = calculate_qparams(low, high, args)
    module.weight_scale.data.copy_(scale.reshape(module.weight_scale.shape))
    if hasattr(module, "input_scale"):
        module.input_scale.data.fill_(0.01)


def in_f32(decoded):
    """A plain model with these weights: nothing in it rounds activations. Projections must have come in F32."""
    state = decoded.state_dict()
    model = AutoModelForCausalLM.from_config(LlamaConfig(**SHAPE, tie_word_embeddings=decoded.config.tie_word_embeddings),
                                             dtype=torch.float32, attn_implementation="eager").eval()
    assert all(state[name].dtype == torch.float32 for name in state if name.endswith("_proj.weight"))
    model.load_state_dict({name: state[name] for name in model.state_dict()})
    return model


def write_compressed(folder, seed, weights, input_activations=None, ignore=(), kv_cache_scheme=None,
                     attention=None, dtype=torch.bfloat16, tied=False):
    model = random_model(seed, dtype, tied)
    groups = {"group_0": {"targets": ["Linear"], "weights": weights, "input_activations": input_activations}}
    if attention:
        groups["group_1"] = {"targets": ["LlamaAttention"], "input_activations": attention}
    apply_quantization_config(model, QuantizationConfig(config_groups=groups, ignore=["lm_head", *ignore],
                                                        kv_cache_scheme=kv_cache_scheme))
    for module in model.modules():
        if hasattr(module, "quantization_scheme"):
            observe(module)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    model.save_pretrained(folder)
    compressor.update_config(folder)


def read_compressed(folder):
    """The model in F32, its weights as compressed-tensors decodes them: scales are widened first, then multiplied."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        model(torch.tensor([[3]]))  # compressed-tensors decodes on the first call
    return in_f32(model)


def write_fine(folder, seed, config):
    model = random_model(seed, torch.bfloat16)
    rounder = Fp8Quantize(types.SimpleNamespace(quantization_config=config))
    tensors = {}
    for name, value in model.state_dict().items():
        if not name.endswith("_proj.weight"):
            tensors[name] = value
            continue
        made = rounder.convert({name: value})
        if config.weight_block_size is None:  # a scalar, as FP8Linear has it
            made = {k: v.reshape(()) if k.endswith("scale_inv") else v for k, v in made.items()}
        if config.activation_scheme == "static":
            made[name.replace(".weight", ".activation_scale")] = torch.tensor(0.01)
        tensors |= made
    folder.mkdir()
    settings = copy.deepcopy(model.config)
    settings.architectures = ["LlamaForCausalLM"]
    settings.quantization_config = config
    settings.save_pretrained(folder)
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "model.safetensors", {"format": "pt"})


def read_fine(folder):
    config = FineGrainedFP8Config(**{**json.loads((folder / "config.json").read_text())["quantization_config"],
                                     "dequantize": True})
    return in_f32(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=config))


def write_golden(folder, model, seed):
    made = golden(model, seed)
    state = model.state_dict()
    save_file({**made, **{f"decoded.{name}": state[name] for name in DECODED}}, folder / "golden.safetensors")
    stored = load_file(folder / "model.safetensors")
    for name in DECODED:
        assert stored[name].dtype == torch.float8_e4m3fn and state[name].dtype == torch.float32


def main():
    out = pathlib.Path(sys.argv[1])
    for index, (name, settings) in enumerate((COMPRESSED | FINE).items()):
        print(name)
        folder = out / f"llama-fp8-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        if name in COMPRESSED:
            write_compressed(folder, 3000 + index, **settings)
            model = read_compressed(folder)
        else:
            write_fine(folder, 3000 + index, settings)
            model = read_fine(folder)
        write_golden(folder, model, seed=4000 + index)
    (out / "VERSIONS.fp8").write_text(json.dumps(
        {name: importlib.metadata.version(name) for name in ("torch", "transformers", "compressed-tensors")},
        indent=2) + "\n")


if __name__ == "__main__":
    main()
