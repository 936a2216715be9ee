"""What the search for several spheres leaves out."""

import numpy as np

from hrtem_lab.sizing._evidence.look import apart
from hrtem_lab.sizing._evidence.measured import Sphere
from hrtem_lab.sizing._evidence.spheres import Weighed


def test_spheres_that_are_looked_for_next_do_not_touch_those_that_are_found():
    """Seen along the beam, half a cell of crystal lies between them: beams spread as far."""
    centers = np.indices((16, 16)).reshape(2, -1).T + 0.5
    evidence = np.arange(256.0)[:, None] * np.ones(4)
    found = [Sphere(6.0, 0.1, (4.0, 4.0), 500.0), Sphere(3.0, 0.1, (12.0, 12.0), 100.0)]
    left = apart(Weighed(4.0, centers, evidence, -evidence), found)
    for sphere in found:
        gap = np.hypot(*(left.centers - sphere.center).T) - (sphere.diameter + 4) / 2
        assert 0.3 < gap.min() < 1.5
    assert 50 < len(left.centers) < 200
    chosen = left.at_known_noise[:, 0].astype(int)
    np.testing.assert_array_equal(centers[chosen], left.centers)
    np.testing.assert_array_equal(left.at_fitted_noise, -left.at_known_noise)
    assert len(apart(Weighed(4.0, centers, evidence, evidence), []).centers) == 256
