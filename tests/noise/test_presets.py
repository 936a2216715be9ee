"""Three cameras by name: they are told apart by what they are known for."""

import numpy as np
import pytest

from hrtem_lab.noise import CAMERAS, Camera, camera_preset

IMAGE = 1 + 0.4 * np.sin(np.arange(64) / 2)[:, None] * np.cos(np.arange(70) / 3)
every_camera = pytest.mark.parametrize("name", CAMERAS)


def test_there_are_three():
    assert list(CAMERAS) == ["counting camera", "scintillator CCD", "STEM"]
    assert all(isinstance(camera, Camera) for camera in CAMERAS.values())
    with pytest.raises(TypeError):
        CAMERAS["mine"] = CAMERAS["STEM"]


@every_camera
@pytest.mark.parametrize("dose", [None, 0, 0.1, 50, 2000])
def test_each_gives_a_finite_image_at_any_dose(name, dose):
    record = CAMERAS[name].expose(IMAGE, dose_per_area=dose, rng=1)
    assert record.shape == IMAGE.shape
    assert np.isfinite(record).all()


@every_camera
def test_each_is_calibrated(name):
    """Offset, gain and dark counts are taken out: on average vacuum is 1."""
    camera = camera_preset(name, sampling=0.165, dead=0, hot=0, hit_rate=0)
    image = camera.expose(np.ones((256, 256)), dose_per_area=1000, rng=2)
    assert image.mean() == pytest.approx(1, abs=0.005)


@every_camera
def test_each_writes_within_its_converter(name):
    camera = CAMERAS[name]
    written = camera.expose(IMAGE, dose_per_area=1e6, rng=1, counts=True)
    assert (written == np.rint(written)).all()
    assert written.max() <= 2**camera.bits - 1


def test_a_counting_camera_counts_whole_electrons_that_were_not_lost():
    camera = camera_preset("counting camera", sampling=1, hit_rate=0, hot=0, dead=0, dark_counts=0)
    written = camera.expose(np.ones((256, 256)), dose_per_area=3, rng=1, counts=True)
    assert written.mean() == pytest.approx(3 * 0.85, abs=3 * (3 * 0.85) ** 0.5 / 256)
    assert written.var() == pytest.approx(3 * 0.85, rel=0.03)


def test_the_scintillator_spreads_most_and_the_counting_camera_knows_most():
    counting, ccd, stem = (camera.transfer for camera in CAMERAS.values())
    q = np.array([0.1, 0.25, 0.5])
    assert (ccd.mtf(q) < counting.mtf(q)).all()
    assert ccd.mtf(0.25) < 0.3
    assert counting.mtf(0.25) > 0.8
    assert (ccd.dqe(q) < counting.dqe(q)).all()
    assert (stem.mtf(q) == 1).all()


def test_only_the_scanning_microscope_moves_its_beam():
    assert [camera.scan is not None and camera.scan.moves for camera in CAMERAS.values()] == [
        False,
        False,
        True,
    ]


def test_a_preset_takes_another_pixel_and_changes():
    camera = camera_preset("STEM", sampling=(0.2, 0.3), scan=None, seed=4)
    assert (camera.sampling, camera.scan, camera.seed) == ((0.2, 0.3), None, 4)
    assert camera.readout_sigma == CAMERAS["STEM"].readout_sigma


def test_what_is_no_preset_is_refused():
    with pytest.raises(
        ValueError, match="name must be one of counting camera, scintillator CCD, STEM, got 'film'"
    ):
        camera_preset("film", sampling=1)
    with pytest.raises(TypeError, match="colour"):
        camera_preset("STEM", sampling=1, colour=3)
    with pytest.raises(ValueError, match="bits must lie between 1 and 32, got 0"):
        camera_preset("STEM", sampling=1, bits=0)
