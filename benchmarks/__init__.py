"""How fast the package is, beside its peers and in one run: ``python -m benchmarks``."""
