"""Tasks in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.engine.executors import TaskWorker, Tick
from analysis.engine.messages import named


class LocalExecutor:
    """One worker, here. See `executors.Executor`."""

    def run(
        self, make: str, setting: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], tick: Tick
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        if not tasks:
            return
        worker: TaskWorker = named(make)(setting)
        try:
            for place, task in enumerate(tasks):
                following = tasks[place + 1] if place + 1 < len(tasks) else None

                def told(part: float, done: int = place) -> None:
                    tick(done + part)

                told(0.0)
                yield place, worker.run(task, following, told)
        finally:
            worker.close()
