"""Pressing the large buttons by resting the fingertip on them.

Where they are is in `air_layout`, what they do is up to whoever is told.
"""

from __future__ import annotations

from typing import Final

from sketch_app.air_layout import AirButton, AirLayout, ButtonId, Point, contains
from sketch_app.holding import Hold

DWELL: Final = 0.8
"""Seconds the fingertip rests on a button until it is pressed."""

_GRACE: Final = 0.25
"""Seconds: a shorter loss of the hand or of its gesture neither leaves a button nor begins the dwell anew."""

_SLACK: Final = 0.01
"""Share of the frame's width the fingertip must move off a button's edge to have left it: it trembles."""


class AirButtons:
    """Follows the fingertip's visits to the buttons.

    A stroke never presses: a visit that began as part of one counts for nothing, and neither does the next
    button if the fingertip slid there without having been seen off the buttons.
    """

    def __init__(self, layout: AirLayout) -> None:
        self._layout = layout
        self._hold = Hold(DWELL, grace=_GRACE)
        self.leave()

    def leave(self) -> None:
        """Forget the visit: the hand has gone."""
        self._visited: AirButton | None = None
        self._is_armed = False
        self._seen = 0.0
        self._hold.reset()

    @property
    def hovered(self) -> ButtonId | None:
        """The button under the fingertip."""
        return self._visited.id if self._visited else None

    @property
    def dwell(self) -> float:
        """How far it is pressed, 0..1."""
        return self._hold.fraction if self._visited else 0.0

    def set_layout(self, layout: AirLayout) -> None:
        """Use other buttons from now on."""
        self._layout = layout
        self.leave()

    def update(self, tip: Point | None, t: float, *, points: bool, in_stroke: bool) -> ButtonId | None:
        """Follow the fingertip by one frame.

        Parameters
        ----------
        tip : tuple of float or None
            Camera frame pixels; None when no hand is seen.
        t : float
            Seconds.
        points : bool
            The hand shows a gesture that may press.
        in_stroke : bool
            The fingertip is drawing, or was until it ran out of the drawing area.

        Returns
        -------
        {"undo", "redo", "search", "save", "clear"} or None
            The button that was pressed at this moment.
        """
        if tip is None:
            if t - self._seen > _GRACE:
                self.leave()
            return None
        self._seen = t
        button = self._button_at(tip)
        if button is not self._visited:
            slid = self._visited is not None and not self._is_armed
            self._visited = button
            self._is_armed = not (in_stroke or slid)
            self._hold.reset()
        if button is None or not self._hold.update(t, points and self._is_armed):
            return None
        return button.id

    def _button_at(self, tip: Point) -> AirButton | None:
        visited = self._visited
        if visited is not None and contains(visited.rect, tip, slack=_SLACK * self._layout.frame_size[0]):
            # The slack must not reach over to the neighbour.
            return self._layout.button_at(tip) or visited
        return self._layout.button_at(tip)
