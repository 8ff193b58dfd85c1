"""Where Cutaway keeps a user's things, and which folders of this machine its pages may read. Knows no widgets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from analysis.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: code, assets and the configuration of the server."""

WORKSPACE_VARIABLE = "CUTAWAY_WORKSPACE"
ROOTS_VARIABLE = "CUTAWAY_ROOTS"


class PathRefused(DataError):
    """A path that pages may not read, or where there is nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one process."""

    workspace: Path  # absolute; made when something is first kept
    roots: tuple[Path, ...] = field(default_factory=lambda: (Path.home(),))  # what pages may read, absolute

    @property
    def imported_models(self) -> Path:
        return self.workspace / "models"

    @property
    def datasets(self) -> Path:
        return self.workspace / "datasets"

    @property
    def incoming(self) -> Path:
        """Uploads on their way in, and files that somebody laid there to be imported."""
        return self.workspace / "incoming"

    @property
    def exports(self) -> Path:
        return self.workspace / "exports"

    def readable(self, text: str) -> Path:
        """A path that somebody typed on a page, links followed; PathRefused unless it lies under an allowed root."""
        try:
            path = Path(text.strip()).expanduser()
            path = (self.roots[0] / path if self.roots else path).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise PathRefused(f"'{text}' is not a path. Give a file or a folder on this server.") from error
        roots = (*self.roots, self.incoming, self.exports)
        if not any(path.is_relative_to(root) for root in roots):
            raise PathRefused(
                f"'{text}' lies outside the folders that pages may read: {', '.join(map(short, roots[:-1]))}. Whoever "
                f"starts the server can name others in {ROOTS_VARIABLE}, joined by '{os.pathsep}'."
            )
        if not path.exists():
            raise PathRefused(f"There is no file or folder '{text}' on this server. Check its spelling.")
        return path


def short(path: Path) -> str:
    """A path as people write it: what lies in the home folder begins with `~`."""
    home = Path.home()
    return f"~/{path.relative_to(home)}".removesuffix("/.") if path.is_relative_to(home) else str(path)


def resolve(workspace: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The workspace asked for, else the environment's, else the platform's folder for a user's data.

    The roots are those of the environment, else the user's home folder.
    """
    chosen = workspace or environment.get(WORKSPACE_VARIABLE) or platformdirs.user_data_path("cutaway", appauthor=False)
    given = [part for part in environment.get(ROOTS_VARIABLE, "").split(os.pathsep) if part.strip()]
    roots = tuple(Path(part).expanduser().resolve() for part in given) or (Path.home().resolve(),)
    return Settings(Path(chosen).expanduser().resolve(), roots)
