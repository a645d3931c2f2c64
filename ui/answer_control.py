"""The search's side of the window: questions, names, imagined picture and photos, kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from sketch_app.model_sets import PICTURE_SIDE
from sketch_app.search_types import SearchUpdate, Stage
from ui.imagination_panel import ImaginationPanel
from ui.names_bar import NamesBar
from ui.ranking_popover import RankingPopover
from ui.results_view import ResultsView
from ui.search_bridge import SearchBridge
from ui.side_panel import SidePanel
from ui.signal_words import signals_of
from ui.status_line import StatusLine

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace


class AnswerControl(QObject):
    """Brings answers to whoever shows them, and what people say of them back into the search.

    The panel of the imagined picture, which must have its place in the window by then, is shown only where
    the models imagine one.
    """

    imagination_shown = Signal(bool)
    """The panel of the imagined picture has come or gone: the stage has another height."""

    def __init__(
        self,
        workspace: Workspace,
        search: SearchBridge,
        *,
        names: NamesBar,
        imagined: ImaginationPanel,
        results: ResultsView,
        side: SidePanel,
        status: StatusLine,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._search = workspace, search
        self._names, self._imagined, self._results = names, imagined, results
        self._side, self._status = side, status
        self._answer: SearchUpdate | None = None
        self._answered_once = False
        search.answered.connect(self._show_answer)
        search.failed.connect(self._show_failure)
        search.stale.connect(self._show_stale)
        search.emptied.connect(self._show_empty)
        search.wishes_changed.connect(self._show_wishes)
        names.caption_chosen.connect(search.search_as)
        results.more_like_this.connect(search.search_like)
        results.liked.connect(search.like)
        results.disliked.connect(search.dislike)
        results.feedback_cleared.connect(search.clear_feedback)
        results.like_ended.connect(search.search)
        side.ranking.clicked.connect(self.show_ranking)
        self._fit_to_models()

    def attach(self) -> None:
        """Search with the workspace's models from now on, beginning with what is on the canvas."""
        self._fit_to_models()
        self._imagined.clear()  # others would imagine something else
        self._workspace.search.warm_up()
        self._search.attach(self._workspace.search)

    def follow_settings(self) -> None:
        """Whether a picture is to be imagined may have changed."""
        self._fit_to_models()
        self._search.search_again()

    def show_ranking(self) -> RankingPopover:
        """Show how much each signal counts."""
        popover = RankingPopover(self._workspace, signals_of(self._workspace.models), self._side)
        popover.weights_changed.connect(self._search.search_again)
        popover.show_below(self._side.ranking)
        return popover

    def _fit_to_models(self) -> None:
        models, imagine = self._workspace.models, self._workspace.settings.imagine
        self._answer = None
        self._results.set_signals(signals_of(models))
        self._search.set_imagine(imagine)
        self._imagined.names_sketches = models.captioner is not None
        self._imagined.is_rough = models.picture_side < PICTURE_SIDE
        shown = models.generator is not None and imagine
        if shown == self._imagined.isHidden():
            self._imagined.clear()
            self._imagined.setVisible(shown)
            self.imagination_shown.emit(shown)

    def _show_stale(self, stale: bool) -> None:
        self._results.set_stale(stale)
        of_sketch = self._search.like_photo is None
        self._names.set_stale(stale and of_sketch)
        self._imagined.set_stale(stale and of_sketch)
        if self._search.waiting and not self._answered_once:
            self._status.set_text(self.tr("Searching; the first time takes a little longer"))

    def _show_answer(self, update: SearchUpdate) -> None:
        self._answered_once = True
        if self._knows_better(update):
            return
        self._answer = update
        self._results.show_update(update)
        if update.request.like_photo is None:  # else names and picture go on being the sketch's
            self._names.set_names(update.names, update.caption, update.request.caption)
            self._imagined.show_update(update)
        found = self.tr("%n photo(s) found", "", len(update.results))
        self._status.set_text(self.tr("{0} in {1} s").format(found, f"{update.seconds:.1f}"))

    def _knows_better(self, update: SearchUpdate) -> bool:
        """Whether this is but a first step towards an answer like the complete one that is shown: the deep
        lane remembers what it imagined for the sketch, so the rest comes within a blink, without a flicker.
        """
        shown = self._answer
        return (
            shown is not None
            and update.stage is not Stage.COMPLETE
            and shown.stage is Stage.COMPLETE
            and shown.generated is not None
            and shown.request.sketch is update.request.sketch
            and shown.request.caption == update.request.caption
        )

    def _show_failure(self, sentence: str) -> None:
        self._answer = None
        self._results.clear(sentence)
        self._names.clear(self._search.caption)
        self._imagined.clear()
        self._status.set_text(sentence)

    def _show_empty(self) -> None:
        self._answer = None
        self._results.clear()
        self._names.clear()
        self._imagined.clear()

    def _show_wishes(self) -> None:
        self._results.show_wishes(self._search.feedback, self._search.like_photo)
        if self._search.like_photo is not None:
            self._imagined.rest()
