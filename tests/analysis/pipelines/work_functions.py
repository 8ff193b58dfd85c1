"""Kinds of work for the tests, run in a worker process by their names."""

import os
import time
from pathlib import Path

from analysis.errors import DataError


def count(arguments, report):
    """Write so many files, each once however often it is killed."""
    folder = Path(arguments["workspace"]) / "counted" / arguments["name"]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "starts").open("a") as file:
        file.write(f"{os.getpid()}\n")
    total = arguments["steps"]
    for number in range(total):
        report(number / total, f"{number} of {total}")
        part = folder / f"{number}.part"
        if not part.exists():
            time.sleep(arguments["seconds"])
            unfinished = part.with_suffix(".tmp")
            unfinished.write_text(f"{number * number}")
            unfinished.replace(part)
            with (folder / "computed").open("a") as file:
                file.write(f"{number}\n")
    return {"sum": sum(int(p.read_text()) for p in folder.glob("*.part"))}


def take(store, workspace, arguments, result):
    """In the owner: note the result under a name of its own."""
    with (workspace / "taken").open("a") as file:
        file.write(f"{arguments['name']} {result['sum']} {os.getpid()}\n")
    return {"kept": result["sum"]}


def fail(arguments, report):
    raise DataError("The folder has no images.")


def crash(arguments, report):
    os._exit(137)
