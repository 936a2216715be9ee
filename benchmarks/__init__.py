"""How fast the package is, beside its peers and in one run: ``python -m benchmarks`` or ``make bench``.

A table made on a busy machine says little but in its column of ratios: ours and the peer take turns.
"""
