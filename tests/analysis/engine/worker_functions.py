"""What the tests have a worker process do. Imported there by name."""

import os
import signal
import sys
import time
from pathlib import Path

from analysis.errors import DataError
from models.errors import ModelError, UnknownName


class OnlyHere(ModelError):
    """No owner has heard of this class."""


def echo(arguments, report):
    return arguments


def whoami(arguments, report):
    name = sys.modules["__main__"].__spec__.name
    return {"pid": os.getpid(), "nice": os.nice(0), "main": name, "numpy": "numpy" in sys.modules}


def noisy(arguments, report):
    sys.stdout.write("said in the worker\n")
    os.write(1, b"written by C code\n")
    return len(sys.stdin.read())


def steps(arguments, report):
    for number in range(arguments["steps"]):
        report(number / arguments["steps"], f"step {number}")
        time.sleep(arguments.get("seconds", 0.0))
    report(0.99, "last")
    time.sleep(arguments.get("rest", 0.0))
    return arguments["steps"]


def stubborn(arguments, report):
    time.sleep(60)


def held(arguments, report):
    """Never lets go of Python's lock."""
    report(0.0, "")
    time.sleep(0.3)
    sum(range(10**12))


def alone(arguments, report):
    """Fails where another call is inside the same folder."""
    sign = Path(arguments["folder"]) / "inside"
    sign.touch(exist_ok=False)
    time.sleep(0.2)
    sign.unlink()
    return os.getpid()


def fails(arguments, report):
    raise {
        "data": DataError("The file is empty."),
        "name": UnknownName("model", "resnet", ["resnet20", "vgg"]),
        "new": OnlyHere("A new reason."),
        "bug": KeyError("colour"),
        "memory": MemoryError(),
        "exit": SystemExit(3),
    }[arguments["how"]]


def not_json(arguments, report):
    return {1, 2}


def dies(arguments, report):
    os.kill(os.getpid(), getattr(signal, arguments["signal"]))
    time.sleep(60)


def leaves(arguments, report):
    os._exit(arguments["code"])


def leaves_a_child(arguments, report):
    """It dies, and a process that it started holds its pipes."""
    pid = os.fork()
    if pid == 0:
        time.sleep(3)
        os._exit(0)
    os._exit(7)
