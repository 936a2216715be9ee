"""Take the notebooks and the documents along in a wheel; all else is declared in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
#: What goes from the repository's folders into the package's folder `course`, where
#: `hrtem_lab.app.server.places` looks for it.
COURSE = {"notebooks": ["*.ipynb"], "docs": ["*.md", "howto/*.md", "images/*.png"]}


class BuildWithCourse(build_py):
    """Copy the modules as usual, then the course beside them; an editable install reads the repository's."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            for folder, patterns in COURSE.items():
                self._take_along(folder, patterns)

    def _take_along(self, folder: str, patterns: list[str]) -> None:
        target = Path(self.build_lib) / "hrtem_lab" / "course" / folder
        shutil.rmtree(target, ignore_errors=True)  # an earlier build may have left what was removed since
        for file in (file for pattern in patterns for file in (ROOT / folder).glob(pattern)):
            copy = target / file.relative_to(ROOT / folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


setup(cmdclass={"build_py": BuildWithCourse})
