"""Many faces of one pipeline, stepped together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

import torch
from torch import Tensor

from vasa.session import Piece, Session, answer


class Together:
    """Steps many sessions of one pipeline in one forward of each network; each gets the frames it would get alone.

    Sessions come and go: `add` and `remove` them by any name. Sessions of one stride, with the same controls given,
    share a forward; frames are rendered face by face.
    """

    def __init__(self, sessions: Mapping[Hashable, Session] | None = None) -> None:
        self.sessions: dict[Hashable, Session] = {}
        for name, session in (sessions or {}).items():
            self.add(name, session)

    def add(self, name: Hashable, session: Session) -> None:
        """Let a session join; raises ValueError where the name is taken or it is of another pipeline."""
        if name in self.sessions:
            raise ValueError(f"There is a session named {name!r} already; remove it first.")
        for other in self.sessions.values():
            if (other.motion, other.audio) != (session.motion, session.audio):
                raise ValueError("Sessions step together where they share one motion generator and one audio encoder.")
        self.sessions[name] = session

    def remove(self, name: Hashable) -> Session:
        """Let a session go; it can be used alone. Raises ValueError where there is none of this name."""
        if name not in self.sessions:
            raise ValueError(f"There is no session named {name!r}; there are: {', '.join(map(str, self.sessions))}.")
        return self.sessions.pop(name)

    def push(self, sound: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        """Sound [S] for some sessions -> the frames [T, 3, H, W] that it completes, for each of them."""
        for name, samples in sound.items():
            self._named(name).check(samples)  # all of them before any is heard, so that all can be pushed again
        for name, samples in sound.items():
            self.sessions[name].hear(samples)
        return self._joined(self.step(), sound)

    def flush(self, *names: Hashable) -> dict[Hashable, Tensor]:
        """The sound of these sessions, or of all, has ended: the frames that are still missing."""
        closing = names or tuple(self.sessions)
        for name in closing:
            self._named(name).close()
        return self._joined(self.step(), closing)

    @torch.no_grad()
    def step(self) -> Iterator[tuple[Hashable, Piece]]:
        """Everything that is due, a few frames at a time, with the name of the session that they are of."""
        while due := {name: session for name, session in self.sessions.items() if session.due > 0}:
            for group in _groups(due):
                yield from self._stepped(group)

    def _stepped(self, group: dict[Hashable, Session]) -> Iterator[tuple[Hashable, Piece]]:
        one, requests = next(iter(group.values())), [session.request() for session in group.values()]
        answers = answer(one.motion, one.audio, requests, one.device)
        for (name, session), request, (motion, state) in zip(group.items(), requests, answers, strict=True):
            yield from ((name, piece) for piece in session.shown(session.take(request, motion, state)))

    def _named(self, name: Hashable) -> Session:
        if name not in self.sessions:
            raise ValueError(f"There is no session named {name!r}; add it first.")
        return self.sessions[name]

    def _joined(
        self, pieces: Iterator[tuple[Hashable, Piece]], asked: Mapping[Hashable, Tensor] | tuple[Hashable, ...]
    ) -> dict[Hashable, Tensor]:
        made: dict[Hashable, list[Piece]] = {name: [] for name in asked}
        for name, piece in pieces:
            made.setdefault(name, []).append(piece)
        return {name: self.sessions[name].joined(iter(some)) for name, some in made.items()}


def _groups(sessions: dict[Hashable, Session]) -> list[dict[Hashable, Session]]:
    """Sessions that can share a forward."""
    groups: dict[tuple[object, ...], dict[Hashable, Session]] = {}
    for name, session in sessions.items():
        groups.setdefault((session.stride, *session.controls.form()), {})[name] = session
    return list(groups.values())
