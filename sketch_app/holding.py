"""Something held for a while: a fingertip on a button, a pinch, a tool's fingers. Time only, no geometry."""

from __future__ import annotations


class Hold:
    """Measures how long something has been held, forgiving short interruptions, and goes off once.

    Parameters
    ----------
    duration : float
        Seconds until it goes off.
    grace : float
        Seconds: a longer interruption begins the hold anew.
    """

    def __init__(self, duration: float, *, grace: float) -> None:
        self._duration = duration
        self._grace = grace
        self.reset()

    def reset(self) -> None:
        """Let go."""
        self._since: float | None = None
        self._last = 0.0
        self._done = False

    def update(self, t: float, held: bool) -> bool:
        """Tell what is seen at the time `t` (seconds); True at the one moment when it goes off."""
        if self._since is not None and not 0 <= t - self._last <= self._grace:
            self.reset()
        if not held:
            return False
        if self._since is None:
            self._since = t
        self._last = t
        if self._done or self.fraction < 1:
            return False
        self._done = True
        return True

    @property
    def fraction(self) -> float:
        """How much of the duration has been held, 0..1."""
        if self._since is None:
            return 0.0
        # Times are sums of frame intervals: a rounding error must not cost a frame.
        return min(1.0, (self._last - self._since) / self._duration + 1e-9)
