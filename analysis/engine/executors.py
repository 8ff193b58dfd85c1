"""Where many like tasks are worked off: in this process, or by Ray on many.

A worker is an object that a function makes from a setting of JSON, anywhere: it holds what is slow to load, and is
called with one task after the other. Tasks and results are JSON; what is large goes to files under names that depend
on the task alone, so that a task may be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from analysis.errors import BadParameter

Engine = Literal["local", "ray"]
ENGINES: tuple[Engine, ...] = ("local", "ray")

Tick = Callable[[float], None]
"""Called now and then with how many tasks are done, parts of one counted as such; raises to stop the work."""


class TaskWorker(Protocol):
    """What does one task at a time."""

    def run(
        self, task: Mapping[str, Any], following: Mapping[str, Any] | None, tick: Tick | None = None
    ) -> dict[str, Any]:
        """Do a task. `following`: the one that comes next, to be prepared meanwhile; another may come all the same.

        tick: called with the part of this task that is done, 0 to 1.
        """
        ...

    def close(self) -> None:
        """No more tasks come."""
        ...


class Executor(Protocol):
    """Has workers do tasks."""

    def run(
        self, make: str, setting: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], tick: Tick
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """(place of a task, its result) as they come, each once.

        make: "package.module:function" that makes a worker of the setting. What a worker raises is raised here and
        ends the work, as does what `tick` raises.
        """
        ...


def executor(engine: str, address: str | None = None) -> Executor:
    """The executor of that name. address: of a Ray cluster; None starts Ray on this machine.

    BadParameter for other names, for an address without Ray, and where Ray is not installed.
    """
    if engine == "ray":
        from analysis.engine.executor_ray import RayExecutor

        return RayExecutor(address)
    if engine != "local":
        raise BadParameter(f"There is no engine '{engine}'; it is one of {', '.join(ENGINES)}.")
    if address:
        raise BadParameter(f"The address '{address}' is of a Ray cluster: choose the engine ray, or leave it out.")
    from analysis.engine.executor_local import LocalExecutor

    return LocalExecutor()
