"""Tasks by Ray: actors that hold their worker, on this machine or on the nodes of a cluster.

On machines with GPUs an actor takes one; else as many cores as this process's torch computes with, so that results
are the same bit for bit. An actor is given a task, and the next one to prepare. When an actor or its node dies, its
tasks go to others, and another actor is asked for; one that finds no room waits and is given nothing.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from analysis.engine.executors import Tick
from analysis.engine.job import JobFailed
from analysis.engine.messages import described, named, rebuilt
from analysis.errors import BadParameter

_TICK = 0.2  # seconds between two looks at whether the user has cancelled
_TRIES = 4  # of one task, on workers that died
_PATIENCE = 300.0  # seconds until the first worker must be there


class _Actor:
    """A worker in a process of Ray's."""

    def __init__(self, make: str, setting: Mapping[str, Any]) -> None:
        self._error: dict[str, Any] | None = None
        try:
            self._worker = named(make)(setting)
        except Exception as error:  # noqa: BLE001  it crosses to the owner, where it is raised
            self._error = described(error)

    def ready(self) -> dict[str, Any]:
        """An error as JSON where the worker could not be made."""
        return {"error": self._error} if self._error else {}

    def run(self, task: Mapping[str, Any], following: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            return {"result": self._worker.run(task, following)}
        except Exception as error:  # noqa: BLE001  it crosses to the owner, where it is raised
            return {"error": described(error)}


@dataclass(eq=False)
class _Hand:
    """An actor as its owner sees it."""

    actor: Any
    future: Any  # of `ready`, or of the task that it does; None while it has none
    started: bool = False
    doing: int | None = None  # the place of that task
    next: int | None = None  # of the one that it prepares


class RayExecutor:
    """Actors on every machine of a cluster. See `executors.Executor`."""

    def __init__(self, address: str | None = None) -> None:
        if find_spec("ray") is None:
            raise BadParameter(
                "The engine ray needs the package ray, which is not installed. In Cutaway's folder: "
                "pip install -e '.[ray]'. Or take the engine local."
            )
        self.address = address

    def run(
        self, make: str, setting: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], tick: Tick
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        if not tasks:
            return
        import ray

        mine = not ray.is_initialized()
        if mine:
            _begin(self.address)
        try:
            yield from _Work(make, setting, tasks, tick).all()
        finally:
            if mine:
                ray.shutdown()


def _begin(address: str | None) -> None:
    """Join a cluster, or start Ray here. BadParameter where that fails."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what is to come: silences a warning
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    try:
        if address:
            _knock(address)
            ray.init(address=address, **quiet)
        else:
            ray.init(include_dashboard=False, **quiet)
    except (OSError, ValueError, RuntimeError) as error:  # ConnectionError and TimeoutError are the first
        where = f"the Ray cluster at '{address}'" if address else "Ray on this machine"
        raise BadParameter(f"Cutaway could not reach {where}: {' '.join(str(error).split())[:300]}") from error


def _knock(address: str) -> None:
    """OSError where nobody listens: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), timeout=5.0).close()


class _Work:
    """The tasks of one run, who has them, and what is over."""

    def __init__(self, make: str, setting: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], tick: Tick) -> None:
        import ray

        self.make, self.setting, self.tasks, self.tick = make, dict(setting), tasks, tick
        self.waiting = deque(range(len(tasks)))
        self.tries = [0] * len(tasks)
        self.lost = 0  # actors in a row that died before they had started
        self.done = 0
        self.options = _share(ray.cluster_resources())
        self.hands = [self._hand() for _ in range(min(_room(self.options, ray.cluster_resources()), len(tasks)))]

    def all(self) -> Iterator[tuple[int, dict[str, Any]]]:
        import ray
        from ray.exceptions import RayError

        patience = _PATIENCE
        try:
            while self.done < len(self.tasks):
                for hand in self.hands:
                    self._give(hand)
                ready, _ = ray.wait([h.future for h in self.hands if h.future is not None], timeout=_TICK)
                self.tick(self.done)
                for hand in [h for h in self.hands if h.future in ready]:
                    yield from self._took(hand)
                if not any(h.started for h in self.hands) and (patience := patience - _TICK) < 0:
                    raise JobFailed(
                        f"No worker of Ray has started within {_PATIENCE:.0f} seconds. Each asks for {self.options}; "
                        "see with `ray status` whether the cluster has that free."
                    )
        finally:
            for hand in self.hands:
                with suppress(RayError):
                    ray.kill(hand.actor)

    def _hand(self) -> _Hand:
        import ray

        # an actor that dies is not restarted by Ray but asked for anew: what it had to do is known here
        kind: Any = ray.remote(_Actor)
        actor = kind.options(max_restarts=0, **self.options).remote(self.make, self.setting)
        return _Hand(actor, actor.ready.remote())

    def _give(self, hand: _Hand) -> None:
        """An actor that is there and idle gets its next task, and one to prepare."""
        if not hand.started or hand.future is not None:
            return
        place = hand.next if hand.next is not None else self._taken()
        if place is None:
            return
        hand.doing, hand.next = place, self.waiting.popleft() if self.waiting else None
        following = None if hand.next is None else self.tasks[hand.next]
        hand.future = hand.actor.run.remote(self.tasks[place], following)

    def _taken(self) -> int | None:
        """A task for an idle actor: one that waits, else one that another would do later."""
        if self.waiting:
            return self.waiting.popleft()
        other = next((h for h in self.hands if h.next is not None), None)
        if other is None:
            return None
        place, other.next = other.next, None
        return place

    def _took(self, hand: _Hand) -> Iterator[tuple[int, dict[str, Any]]]:
        import ray
        from ray.exceptions import RayError

        try:
            answer: Any = ray.get(hand.future)
        except RayError as error:
            self._replace(hand, error)
            return
        if "error" in answer:
            raise rebuilt(answer["error"])
        place, hand.future, hand.doing = hand.doing, None, None
        if place is None:
            hand.started, self.lost = True, 0
            return
        self.done += 1
        yield place, answer["result"]

    def _replace(self, hand: _Hand, error: Exception) -> None:
        """An actor died: what it had goes first to the others, and another is asked for."""
        self.lost += not hand.started
        if hand.doing is not None:
            self.tries[hand.doing] += 1
        if self.lost >= _TRIES or (hand.doing is not None and self.tries[hand.doing] >= _TRIES):
            raise JobFailed(
                f"{_TRIES} workers of Ray died at the same piece of work, perhaps for want of memory: "
                f"{' '.join(str(error).split())[:300]}"
            ) from error
        self.waiting.extendleft(place for place in (hand.next, hand.doing) if place is not None)
        self.hands[self.hands.index(hand)] = self._hand()


def _share(resources: Mapping[str, float]) -> dict[str, float]:
    """What an actor takes of its node."""
    import torch

    if resources.get("GPU", 0) >= 1:
        return {"num_gpus": 1, "num_cpus": 1}
    return {"num_cpus": min(torch.get_num_threads(), int(resources.get("CPU", 1)) or 1)}


def _room(options: Mapping[str, float], resources: Mapping[str, float]) -> int:
    """How many actors the cluster has room for."""
    kind, of_it = ("GPU", "num_gpus") if "num_gpus" in options else ("CPU", "num_cpus")
    return max(1, int(resources.get(kind, 1) // options[of_it]))
