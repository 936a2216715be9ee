"""Pictures decode to the grey levels and colours that the numbers ask for; marks lie where they should."""

import math
import re
from xml.etree import ElementTree

import cv2
import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hrtem_lab import rendering
from hrtem_lab.metrics import sift_keypoints

images = arrays.arrays(
    np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-2, 5, width=32)
)


def decoded(png):
    """Return the picture as a browser sees it: grey levels, or red, green and blue."""
    pixels = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED))
    return pixels if pixels.ndim == 2 else pixels[..., ::-1].astype(int)


def shapes(svg):
    """Return the elements of an SVG fragment; it must be well-formed."""
    return list(ElementTree.fromstring(f"<svg>{svg}</svg>").iter())[1:]


def number(element, name):
    return float(element.attrib[name])


class TestImages:
    @given(images, st.floats(-1, 1), st.floats(0.5, 4))
    def test_intensities_become_grey_levels_between_the_limits(self, image, black, contrast):
        levels = decoded(rendering.encode_image(image, limits=(black, black + contrast)))
        assert levels.dtype == np.uint8
        assert levels.shape == image.shape
        exact = 255 * np.clip((image.astype(float) - black) / contrast, 0, 1)
        assert np.abs(levels - exact).max() <= 0.5 + 1e-3

    def test_all_256_levels_are_kept(self):
        ramp = np.arange(256).reshape(16, 16) / 255
        assert np.array_equal(decoded(rendering.encode_image(ramp, limits=(0, 1))).ravel(), np.arange(256))

    def test_what_lies_outside_is_black_or_white(self):
        shown = decoded(rendering.encode_image([[-5.0, 0.0, 1.0, 9.0]], limits=(0, 1)))
        assert shown.tolist() == [[0, 0, 255, 255]]

    @pytest.mark.parametrize("limits", [(1, 1), (2, 1), (math.nan, 1)])
    def test_white_must_be_above_black(self, limits):
        with pytest.raises(ValueError, match=r"white must be above black, got \("):
            rendering.encode_image(np.zeros((2, 2)), limits=limits)

    @pytest.mark.parametrize("unit", [1e-300, 1e-30, 1e30, 1e300, 1.7e308, -1e308, 5e-324])
    def test_a_unit_changes_no_grey(self, unit):
        """However large or small: black, middle grey and white stay themselves, from float64's ends."""
        limits = tuple(sorted((-unit, unit)))
        row = np.array([[limits[0], 0.0, limits[1]]])
        assert decoded(rendering.encode_image(row, limits=limits)).tolist() == [[0, 128, 255]]

    @pytest.mark.parametrize(
        ("kind", "white"),
        [(np.float16, 6e4), (np.float32, 3e38), (np.int64, 2**63 - 1), (np.uint64, 2**64 - 1), (bool, 1)],
    )
    def test_any_real_type_is_shown_up_to_its_greatest_number(self, kind, white):
        row = np.array([[0, white]], dtype=kind)
        assert decoded(rendering.encode_image(row, limits=(0, white))).tolist() == [[0, 255]]

    def test_a_narrow_window_on_large_numbers_is_kept(self):
        """Single precision has no numbers between these two."""
        row = [[2.0**30, 2.0**30 + 1, 2.0**30 + 2, 1e308, -1e308]]
        shown = decoded(rendering.encode_image(row, limits=(2**30, 2**30 + 2)))
        assert shown.tolist() == [[0, 128, 255, 255, 0]]

    @pytest.mark.parametrize(
        ("image", "limits", "error", "rule"),
        [
            ([[math.nan]], (0, 1), ValueError, "image must be finite"),
            ([[math.inf]], (0, 1), ValueError, "image must be finite"),
            ([1.0], (0, 1), ValueError, "image must be 2-D"),
            ([["a"]], (0, 1), TypeError, "image must hold real numbers"),
            ([[1.0]], (0, math.inf), ValueError, "limits must be finite, got inf"),
            ([[1.0]], (0, None), TypeError, "limits must be two real numbers, .*, got"),
            ([[1.0]], 1, TypeError, "limits must be two real numbers, .*, got 1"),
        ],
    )
    def test_what_has_no_grey_is_refused(self, image, limits, error, rule):
        with pytest.raises(error, match=rule):
            rendering.encode_image(image, limits=limits)


class TestMaps:
    CIVIDIS = np.rint(255 * matplotlib.colormaps["cividis"](np.arange(256))[:, :3]).astype(int)

    @given(images, st.floats(0.5, 4))
    def test_differences_become_colours_of_cividis(self, differences, maximum):
        shown = decoded(rendering.encode_map(differences, maximum=maximum))
        exact = 255 * np.clip(differences.astype(float) / maximum, 0, 1)
        either = [self.CIVIDIS[rounding(exact - 1e-3).astype(int)] for rounding in (np.floor, np.ceil)]
        either.append(self.CIVIDIS[np.rint(exact).astype(int)])
        assert np.min([np.abs(shown - colours).max(axis=-1) for colours in either], axis=0).max() == 0

    def test_unseen_pixels_are_a_grey_that_no_difference_has(self):
        shown = decoded(rendering.encode_map([[0.0, math.nan, 1.0]]))
        assert shown[0, 1].tolist() == [rendering.UNSEEN_GREY] * 3
        assert np.linalg.norm(self.CIVIDIS - rendering.UNSEEN_GREY, axis=1).min() > 60
        assert shown[0, [0, 2]].tolist() == self.CIVIDIS[[0, 255]].tolist()

    @pytest.mark.parametrize("kind", [float, int])
    def test_masked_pixels_are_unseen(self, kind):
        masked = np.ma.array([[0, 9, 1]], mask=[[False, True, False]], dtype=kind)
        shown = decoded(rendering.encode_map(masked))
        assert np.array_equal(shown, decoded(rendering.encode_map([[0.0, math.nan, 1.0]])))

    @pytest.mark.parametrize("maximum", [1e-300, 1e300])
    def test_a_maximum_of_any_size_has_the_last_colour(self, maximum):
        shown = decoded(rendering.encode_map([[0.0, math.nan, maximum]], maximum=maximum))
        assert shown[0, [0, 2]].tolist() == self.CIVIDIS[[0, 255]].tolist()

    @pytest.mark.parametrize("differences", [[[math.inf]], [["a"]], [1.0]])
    def test_what_has_no_colour_is_refused(self, differences):
        with pytest.raises((TypeError, ValueError), match="differences must"):
            rendering.encode_map(differences)

    def test_the_maximum_must_be_positive(self):
        with pytest.raises(ValueError, match="white must be above black"):
            rendering.encode_map(np.zeros((2, 2)), maximum=0)


class TestScaleBar:
    @given(st.floats(1, 5000), st.floats(0.5, 2))
    def test_its_length_is_round_true_and_inside(self, width, aspect):
        height = aspect * width
        (svg,) = shapes(rendering.scale_bar((height, width)))[:1]
        assert [float(x) for x in svg.attrib["viewBox"].split()] == pytest.approx(
            [0, 0, width, height], rel=1e-4
        )
        background, bar = (e for e in svg if e.tag.endswith("rect"))
        (text,) = (e for e in svg if e.tag.endswith("text"))
        length = number(bar, "width")
        digits = length / 10 ** math.floor(math.log10(length) + 1e-9)
        assert round(digits, 3) in {1, 2, 5}
        assert width / 3.5 / 2.5 < length * (1 + 1e-6)
        assert length <= width / 3.5 * (1 + 1e-6)
        value, unit = text.text.split()
        assert unit == "nm"
        assert 10 * float(value) == pytest.approx(length, rel=1e-3)
        for box in (background, bar):
            assert 0 <= number(box, "x") <= number(box, "x") + number(box, "width") <= width
            assert 0 <= number(box, "y") <= number(box, "y") + number(box, "height") <= height

    def test_the_chapters_show_half_a_nanometre(self):
        """4 cells of Nb₃Sn are 21.1 Å wide; 5 of them fill 23.7 % of the picture."""
        bar = rendering.scale_bar((21.1, 21.1))
        assert ">0.5 nm<" in bar
        assert 'width="5"' in bar

    @pytest.mark.parametrize("length", [step * 10.0**power for power in range(-2, 5) for step in (1, 2, 5)])
    def test_a_round_length_that_just_fits_is_taken(self, length):
        assert f">{length / 10:g} nm<" in rendering.scale_bar((3.5 * length, 3.5 * length))


class TestKeypoints:
    KIND = np.dtype([(name, float) for name in ("x", "y", "size", "angle", "difference")])

    @pytest.mark.parametrize(("difference", "hue"), [(0, 60), (0.5, 30), (1, 0), (1.5, 0)])
    def test_the_colour_goes_from_yellow_to_red_and_stays_there(self, difference, hue):
        mark = rendering.keypoint_marks(np.array([(8, 8, 4, 0, difference)], self.KIND))
        assert f'stroke="hsl({hue} ' in mark

    @given(
        x=st.floats(0, 127), y=st.floats(0, 127), size=st.floats(1, 60), angle=st.floats(0, 360),
        difference=st.floats(0, 1),
    )  # fmt: skip
    def test_a_mark_has_the_keypoints_place_size_and_direction(self, x, y, size, angle, difference):
        mark = rendering.keypoint_marks(np.array([(x, y, size, angle, difference)], self.KIND))
        group, circle, line = shapes(mark)
        # The middle of the first pixel is half a pixel inside the picture.
        assert (number(circle, "cx"), number(circle, "cy")) == pytest.approx((x + 0.5, y + 0.5), abs=0.0051)
        assert number(circle, "r") == pytest.approx(size / 2, abs=0.0051)
        turn = complex(number(line, "x2") - x - 0.5, number(line, "y2") - y - 0.5)
        assert turn == pytest.approx(size / 2 * np.exp(1j * math.radians(angle)), abs=0.01)
        hue = float(re.match(r"hsl\((\d+) ", group.attrib["stroke"])[1])
        assert hue == pytest.approx(60 * (1 - difference), abs=0.51)  # from yellow, the same, to red

    def test_marks_lie_on_the_spots_of_an_image(self):
        y, x = np.mgrid[:64, :64]
        spot = np.exp(-((x - 20) ** 2 + (y - 40) ** 2) / 32)
        marks = shapes(rendering.keypoint_marks(sift_keypoints(spot, spot)))
        circles = [(number(e, "cx"), number(e, "cy")) for e in marks if e.tag == "circle"]
        assert min(math.hypot(a - 20.5, b - 40.5) for a, b in circles) < 0.6


@given(st.floats(5, 120), st.floats(5, 120), st.floats(1, 20))
def test_a_box_is_centred_and_drawn_twice_for_contrast(x, y, size):
    first, second = shapes(rendering.box_mark((x, y), size))
    assert {first.attrib["stroke"], second.attrib["stroke"]} == {"#000", "#fff"}
    for box in (first, second):
        assert number(box, "x") + number(box, "width") / 2 == pytest.approx(x, abs=0.011)
        assert number(box, "y") + number(box, "height") / 2 == pytest.approx(y, abs=0.011)
        assert number(box, "width") == number(box, "height") == pytest.approx(size, abs=0.0051)


def test_a_line_runs_from_top_to_bottom():
    (line,) = shapes(rendering.line_mark(0.25))
    assert [number(line, name) for name in ("x1", "x2", "y1", "y2")] == [0.25, 0.25, 0, 1]


def test_an_overlay_has_the_pictures_coordinates_and_is_silent():
    (svg, inner) = shapes(rendering.overlay('<circle r="1"/>', (64, 128)))
    assert svg.attrib["viewBox"] == "0 0 128 64"  # width, then height
    assert svg.attrib["preserveAspectRatio"] == "none"
    assert svg.attrib["aria-hidden"] == "true"
    assert inner.attrib == {"r": "1"}
