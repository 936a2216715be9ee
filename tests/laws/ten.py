"""Ten metrics: those of the table, and as many of the family "classic" as it lacks."""

from dataclasses import replace

from hrtem_lab.metrics import METRICS, Look


def register_ten(monkeypatch):
    """Fill the table up to ten rows for the time of a test, and return the keys of the rows added."""
    free = [look for look in Look if look not in {metric.look for metric in METRICS.values()}]
    added = []
    for number, look in zip(range(len(METRICS), 10), free, strict=False):
        key = f"classic_{number}"
        row = replace(METRICS["mse"], key=key, label=f"Classic {number}", family="classic", look=look)
        monkeypatch.setitem(METRICS, key, row)
        added.append(key)
    return added
