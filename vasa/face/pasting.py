"""LivePortrait's paste-back: the rendered square laid over the picture through a mask with soft edges."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

from vasa.face.crop import Crop


def feather(size_px: int = 512, ramp_px: int = 16) -> Tensor:
    """[S, S]: 1 inside, falling to 0 over `ramp_px` from the rectangle [ramp, S - ramp] outwards, in steps of 1/255."""
    pixel = torch.arange(size_px, dtype=torch.float64)
    beyond = (pixel - pixel.clamp(ramp_px, size_px - ramp_px)).abs()
    distance = torch.hypot(beyond[:, None], beyond[None, :])
    return (255 * (1 - distance / ramp_px).clamp_min(0)).floor().div(255).float()


def paste_back(picture: Tensor, patch: Tensor, crop: Crop, mask: Tensor) -> Tensor:
    """Lay patches [T, 3, S, S] over their place in a picture [3, H, W] where the mask [S, S] says: [T, 3, H, W]."""
    height, width = picture.shape[-2:]
    y, x = (torch.arange(n, device=picture.device, dtype=torch.float32) + 0.5 for n in (height, width))
    places = crop.to_crop(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1))
    layers = torch.cat([patch, repeat(mask, "h w -> t 1 h w", t=len(patch))], dim=1)
    flat = rearrange(layers, "t c h w -> 1 (t c) h w")
    moved = F.grid_sample(flat, places[None].to(flat.dtype), padding_mode="zeros", align_corners=False)
    laid = rearrange(moved, "1 (t c) h w -> t c h w", t=len(patch))
    return torch.lerp(picture.expand(len(patch), -1, -1, -1), laid[:, :3], laid[:, 3:]).clamp(0, 1)
