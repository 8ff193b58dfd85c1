"""Where Cutaway keeps a user's things. Knows no widgets, so that the command line starts fast."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: code, assets and the configuration of the server."""

WORKSPACE_VARIABLE = "CUTAWAY_WORKSPACE"


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one process."""

    workspace: Path  # absolute; made when something is first kept

    @property
    def imported_models(self) -> Path:
        return self.workspace / "models"


def resolve(workspace: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The workspace asked for, else the environment's, else the platform's folder for a user's data."""
    chosen = workspace or environment.get(WORKSPACE_VARIABLE) or platformdirs.user_data_path("cutaway", appauthor=False)
    return Settings(workspace=Path(chosen).expanduser().resolve())
