"""What makes networks quick on the machine at hand: memory layout and reduced precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

_LAYOUT = {4: torch.channels_last, 5: torch.channels_last_3d}


def channels_last(model: nn.Module) -> nn.Module:
    """Store convolution weights the way CPUs and tensor cores like them. Changes the model, not its outputs."""
    for weight in model.parameters():
        if weight.ndim in _LAYOUT:
            weight.data = weight.data.contiguous(memory_format=_LAYOUT[weight.ndim])
    return model


def has_fast_bfloat16(device: torch.device | str) -> bool:
    """Whether bfloat16 is faster than float32 here: GPUs of Ampere or later, CPUs with AMX or AVX512-BF16."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return kind == "cpu" and any(
        check()
        for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
        if (check := getattr(torch.cpu, name, None))
    )


def fast(device: torch.device | str) -> AbstractContextManager[None]:
    """Autocast to bfloat16 where that is faster, else nothing."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16) if has_fast_bfloat16(device) else nullcontext()


def exact(device: torch.device | str) -> AbstractContextManager[None]:
    """Autocast switched off, on the devices that have it (meta, where costs are counted, has not)."""
    kind = torch.device(device).type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()
