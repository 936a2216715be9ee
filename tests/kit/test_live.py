"""What the reader starts goes on until it is stopped, complete or broken; a state is drawn once."""

import asyncio
import threading

import pytest
from matplotlib.figure import Figure

from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.live import LiveFigure, LiveStudy, encode_figure
from hrtem_lab.app.kit.widgets import Picture

STEPS = 6


class Drawing:
    """A figure of a number, and everything that was drawn, shown and by which thread."""

    def __init__(self, state=0):
        self.state, self.drawn, self.shown, self.threads = state, [], [], []
        self.picture = Picture()
        self.figure = LiveFigure(self.make, self.shown.append, lambda: self.state, self.picture)

    def make(self):
        self.threads.append(threading.current_thread())
        self.drawn.append(self.state)
        return f"figure of {self.state}".encode()


WAYS = [lambda figure: figure.draw(), lambda figure: [*figure.draw_beside()]]


class TestFigure:
    @pytest.mark.parametrize("draw", WAYS)
    def test_a_state_is_drawn_once(self, draw):
        drawing = Drawing()
        assert not drawing.figure.up_to_date
        for state in (0, 0, 1, 1, 0):
            drawing.state = state
            draw(drawing.figure)
            assert drawing.figure.up_to_date
        assert drawing.drawn == [0, 1, 0]
        assert drawing.shown == [b"figure of 0", b"figure of 1", b"figure of 0"]

    @pytest.mark.parametrize("draw", WAYS)
    def test_nothing_to_show_is_not_drawn(self, draw):
        drawing = Drawing(None)
        draw(drawing.figure)
        assert drawing.drawn == drawing.shown == []

    @pytest.mark.parametrize("draw", WAYS)
    def test_what_fails_is_drawn_again(self, draw):
        drawing = Drawing()
        drawing.shown = None
        broken = LiveFigure(lambda: 1 // 0, drawing.make, lambda: 0, drawing.picture)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                draw(broken)
            assert not broken.up_to_date

    @pytest.mark.parametrize("draw", WAYS)
    def test_the_picture_says_what_it_waits_for_until_it_is_shown(self, draw):
        drawing = Drawing()
        drawing.figure.wait("Computing …")
        assert drawing.picture.busy == "Computing …"
        draw(drawing.figure)
        assert drawing.picture.busy == ""

    def test_it_still_waits_when_the_work_is_abandoned(self):
        drawing = Drawing()
        drawing.figure.wait("Computing …")
        work = drawing.figure.draw_beside()
        next(work)
        work.close()
        assert drawing.picture.busy == "Computing …"

    def test_it_waits_no_more_for_what_fails_or_is_already_there(self):
        drawing = Drawing()
        broken = LiveFigure(lambda: 1 // 0, drawing.make, lambda: 0, drawing.picture)
        broken.wait("Computing …")
        with pytest.raises(ZeroDivisionError):
            [*broken.draw_beside()]
        assert drawing.picture.busy == ""
        drawing.figure.draw()
        drawing.figure.wait("Computing …")
        assert [*drawing.figure.draw_beside()] == []
        assert drawing.picture.busy == ""

    def test_beside_the_page_is_in_another_thread(self):
        drawing = Drawing()
        assert all(wait > 0 for wait in drawing.figure.draw_beside())
        assert drawing.threads != [threading.current_thread()]

    def test_abandoned_it_is_not_shown_and_drawn_again(self):
        drawing = Drawing()
        work = drawing.figure.draw_beside()
        next(work)
        work.close()
        assert not drawing.shown
        assert not drawing.figure.up_to_date
        list(drawing.figure.draw_beside())
        assert drawing.shown == [b"figure of 0"]


class Page(Dashboard):
    """Counts to `STEPS`, one at a time."""

    def __init__(self, *, seconds=float("inf"), endless=False, broken_at=None):
        slider = Slider(key="x", label="X", minimum=0, maximum=9, step=1, default=0)
        super().__init__(Controls([slider]), name="page")
        self.done, self.broken_at, self.begun, self.closed = 0, broken_at, 0, 0
        self.drawing = Drawing()
        self.live = LiveStudy(
            self.drawing.figure,
            counts=lambda: (self.done, STEPS),
            restart=self._refine_later,
            guard=self._guard,
            seconds=lambda: seconds,
            idle=lambda: "Go on" if self.done else "Start",
            endless=endless,
        )

    def draw(self):
        self.live.label()

    def refine(self):
        yield from self.drawing.figure.draw_beside()
        yield from self.live.follow(self.steps())

    def steps(self):
        self.begun += 1
        try:
            while self.done < STEPS:
                if self.done == self.broken_at:
                    raise OSError("a worker is gone")
                self.done += 1
                self.drawing.state = self.done
                yield 0.001
        finally:
            self.closed += 1

    def report(self, error):
        self.live.end()
        super().report(error)

    @property
    def button(self):
        return self.live.button.description, self.live.button.disabled

    @property
    def progress(self):
        return self.live.progress.value, self.live.progress.max


def started(**options):
    page = Page(**options)
    page.start()
    return page


class TestStudy:
    def test_waits_to_be_started(self):
        page = started()
        assert page.begun == page.done == 0
        assert page.drawing.drawn == [0]
        assert page.button == ("Start", False)
        assert page.progress == (0, STEPS)

    def test_started_it_goes_on_to_the_end_and_shows_it(self):
        page = started()
        page.live.button.click()
        assert page.done == STEPS
        assert page.drawing.drawn == [0, STEPS]
        assert page.button == ("Go on", True)
        assert page.progress == (STEPS, STEPS)
        assert page.live.words.value == f'<span class="hl-second">{STEPS} of {STEPS} exposures</span>'
        assert not page.live.running

    def test_the_figure_is_drawn_meanwhile_as_often_as_it_may(self):
        page = started(seconds=-1)
        page.live.button.click()
        assert page.drawing.drawn == list(range(STEPS + 1))

    def test_a_step_that_changes_nothing_is_not_drawn(self):
        page = started(seconds=-1)
        page.live.running = True
        list(page.live.follow(None for _ in range(5)))
        assert page.drawing.drawn == [0]

    def test_the_progress_follows_every_step(self):
        page = started()
        page.live.running = True
        seen = [page.progress for _ in page.live.follow(page.steps())]
        assert seen[:STEPS] == [(done, STEPS) for done in range(1, STEPS + 1)]

    def test_the_waits_of_the_steps_are_kept(self):
        page = started()
        page.live.running = True
        assert list(page.live.follow(wait for wait in (0.5, None, 0.25))) == [0.5, None, 0.25]

    def test_what_has_no_end_can_be_continued(self):
        page = started(endless=True)
        page.live.button.click()
        assert page.button == ("Go on", False)

    def test_abandoned_steps_are_closed_and_it_stays_switched_on(self):
        page = started()
        page.live.running = True
        work = page.refine()
        for _ in range(3):
            next(work)
        work.close()
        assert (page.begun, page.closed, page.live.running) == (1, 1, True)
        assert 0 < page.done < STEPS
        for _ in page.refine():
            pass
        assert page.done == STEPS

    def test_an_error_ends_it_and_is_a_sentence(self):
        page = started(broken_at=2)
        page.live.button.click()
        assert "OSError" in page.message.value
        assert page.button == ("Go on", False)
        assert not page.live.running
        page.broken_at = None
        page.live.button.click()
        assert page.done == STEPS


def test_in_a_kernel_the_reader_stops_it_and_goes_on():
    async def use():
        page = started()
        page.live.button.click()
        assert page.button == ("Stop", False)
        while page.done < 2:
            await asyncio.sleep(0)
        page.live.button.click()
        stopped = page.done
        assert page.button == ("Go on", False)
        while page.drawing.shown[-1:] != [f"figure of {stopped}".encode()]:
            await asyncio.sleep(0.01)
        assert page.done == stopped < STEPS
        page.live.button.click()
        assert page.button == ("Stop", False)
        while page.live.running:
            await asyncio.sleep(0.01)
        return page

    page = asyncio.run(use())
    assert (page.done, page.begun, page.closed) == (STEPS, 2, 2)
    assert page.button == ("Go on", True)


def test_an_encoded_figure_is_empty_so_that_its_memory_comes_back():
    figure = Figure()
    figure.subplots()
    assert encode_figure(figure).startswith(b"\x89PNG")
    assert figure.axes == []
