"""A sizing method that is not in the package: one class and one row."""

import numpy as np

from hrtem_lab.sizing import PreparedSizer, SizingMethod, Variant, compact
from hrtem_lab.sizing._cells import split

THRESHOLD = 1.5


class ResidualSizer(PreparedSizer):
    """Counts the cells whose squared residual is half as large again as the noise of the electrons."""

    method = "residual"

    def __init__(self, reference, conditions, *, compact=False):
        super().__init__(conditions)
        self.reference, self.compact = reference, compact
        self.noise = split(reference, conditions.cells).mean(axis=(1, 2)) / conditions.counts

    def __call__(self, image):
        squares = split((image - self.reference) ** 2, self.conditions.cells).mean(axis=(1, 2))
        ratios = (squares / self.noise).reshape(self.conditions.cells)
        mask = compact(ratios > THRESHOLD) if self.compact else ratios > THRESHOLD
        if not mask.any():
            return self.nothing(ratios, THRESHOLD)
        diameter = 2 * float(np.sqrt(mask.sum() / np.pi)) * self.conditions.cell
        return self.found(
            diameter=diameter, low=diameter, high=diameter, mask=mask, map=ratios, threshold=THRESHOLD
        )


RESIDUAL = SizingMethod(
    key="residual",
    label="squared residual",
    description="cells whose squared residual is more than the noise of the electrons",
    prepare=ResidualSizer,
    colour="#F0E442",
    marker="X",
    quantity="squared residual",
    variants=(Variant(key="compact", label="one connected group", options={"compact": True}),),
    column=6,
)
