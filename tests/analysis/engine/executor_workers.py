"""Workers for the tests of executors: they square numbers and note in a file who did it."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.errors import DataError


class Squaring:
    def __init__(self, setting: Mapping[str, Any]) -> None:
        self.folder = Path(setting["folder"])
        if setting.get("refuse"):
            raise DataError("The folder is not there.")

    def run(self, task: Mapping[str, Any], following: Mapping[str, Any] | None, tick: Any = None) -> dict[str, Any]:
        with (self.folder / "done").open("a") as file:
            file.write(f"{task['n']} {os.getpid()} {following and following['n']}\n")
        if tick is not None:
            tick(0.5)
        time.sleep(task.get("seconds", 0.0))
        if task.get("die") and not (self.folder / "died").exists():
            (self.folder / "died").touch()
            os._exit(1)
        if task.get("always_die"):
            os._exit(1)
        if task.get("fail"):
            raise DataError("This task is not to be done.")
        return {"square": task["n"] ** 2}

    def close(self) -> None:
        (self.folder / "closed").touch()


def make(setting: Mapping[str, Any]) -> Squaring:
    return Squaring(setting)
