"""Work in a thread beside the page."""

import pytest

from hrtem_lab.app.kit import background


def test_the_result_and_the_error_come_through():
    def drain(work):
        while True:
            try:
                next(work)
            except StopIteration as done:
                return done.value

    assert drain(background.beside(sum, [1, 2])) == 3
    with pytest.raises(ZeroDivisionError):
        drain(background.beside(divmod, 1, 0))
