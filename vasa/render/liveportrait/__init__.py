"""LivePortrait's networks behind vasa's own renderer protocol (Guo et al., 2024, arXiv 2407.03168).

F `appearance`, M `motion`, W `warp`, G `decoder`, S and the two retargeting perceptrons `retargeting`. `keys` says
where each weight lies in the published files, `transfer` how motion goes from one head to another.
"""

from vasa.render.liveportrait.renderer import LivePortraitRenderer

__all__ = ["LivePortraitRenderer"]
