"""The speed of the package, compared with its peers in one run: ``python -m benchmarks`` or ``make bench``.

On a busy machine only the column of ratios is reliable, because our code and the peer's run in turn.
"""
