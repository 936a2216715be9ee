"""The widgets that ipywidgets lacks, as far as Python answers the browser."""

from hrtem_lab.app.kit.widgets import Download


def test_a_download_answers_requests_alone():
    made, sent = [], []
    button = Download("Numbers", "numbers.csv", lambda: made.append(1) or b"1", made.append)
    button.comm.publish_msg = lambda kind, **message: sent.append(message)
    button.comm.handle_msg({"content": {"data": {"method": "custom", "content": {"kind": "other"}}}})
    assert (made, sent) == ([], [])
