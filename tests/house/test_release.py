"""A release is what a tag names, has been tried, and only one job may publish it."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
# YAML reads the word "on" as true.
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
BUILD, PUBLISH = WORKFLOW["jobs"]["build"], WORKFLOW["jobs"]["publish"]


def test_only_a_tag_of_a_version_starts_it():
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}
    commands = [step.get("run", "") for step in BUILD["steps"]]
    assert any('test "$GITHUB_REF_NAME" = "v$version"' in command for command in commands)


def test_what_is_uploaded_was_tried_before():
    steps = [step.get("run", step.get("uses")) for step in BUILD["steps"]]
    (trial,) = [number for number, step in enumerate(steps) if "tests/house/test_wheel.py" in step]
    assert "HRTEM_LAB_DIST=dist" in steps[trial]
    (upload,) = [number for number, step in enumerate(steps) if step.startswith("actions/upload-artifact@")]
    assert trial < upload


def test_only_the_job_that_publishes_may_do_so():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in BUILD
    assert PUBLISH["needs"] == "build"
    assert PUBLISH["permissions"] == {"id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in PUBLISH["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
