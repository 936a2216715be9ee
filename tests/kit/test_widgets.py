"""The widgets that ipywidgets lacks, as far as Python answers the browser."""

import pytest

from hrtem_lab.app.kit.widgets import CellGrid, Download, Picture


def test_a_download_answers_requests_alone():
    made, sent = [], []
    button = Download("Numbers", "numbers.csv", lambda: made.append(1) or b"1", made.append)
    button.comm.publish_msg = lambda kind, **message: sent.append(message)
    button.comm.handle_msg({"content": {"data": {"method": "custom", "content": {"kind": "other"}}}})
    assert (made, sent) == ([], [])


@pytest.mark.parametrize("kind", [Picture, CellGrid])
def test_a_picture_and_its_words_arrive_together(kind):
    picture, sent = kind(), []
    picture.comm.publish_msg = lambda kind, **message: sent.append(message)
    picture.show(b"png", alt="A crystal.", caption="<strong>Image</strong>", overlay="<svg></svg>")
    (message,) = sent
    assert message["data"]["buffer_paths"] == [["data"]]
    assert message["buffers"] == [b"png"]
    words = {"alt": "A crystal.", "caption": "<strong>Image</strong>", "overlay": "<svg></svg>"}
    assert words.items() <= message["data"]["state"].items()


def test_words_that_are_not_given_stay_and_empty_ones_go():
    picture = Picture(alt="A crystal.", caption="Image", overlay="<svg></svg>")
    picture.show(b"png", caption="")
    assert (picture.data, picture.alt, picture.caption) == (b"png", "A crystal.", "")
    assert picture.overlay == "<svg></svg>"


def test_no_picture_without_words():
    picture = Picture()
    with pytest.raises(ValueError, match="alt is empty"):
        picture.show(b"png", caption="Image")
    assert picture.data == b""
