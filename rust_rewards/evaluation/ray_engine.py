"""Spreads chunks of work over a Ray cluster, one task of one core each; the results come in order.

`RAY_ADDRESS` names the cluster; without it one is started on this machine. Every node needs this package and a Rust
toolchain.
Not here: what is done with a chunk (`sample_file.py`).
"""

import itertools
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ..extras import needing

Item = TypeVar("Item")
Result = TypeVar("Result")

TASKS_AHEAD = 2  # chunks in flight per core of the cluster: enough to keep it busy, few enough to stream
SMALLEST_CHUNK = 64  # items; smaller batches cost the verifier more than another core gains
ADDRESS_SECONDS = 10.0  # until a cluster counts as gone; Ray itself waits for minutes without a word


def run_on_ray(work: Callable[[list[Item]], list[Result]], chunks: Iterable[list[Item]]) -> Iterator[list[Result]]:
    """Yield the results of every chunk, in order; few chunks are cut smaller, so that every core has one.

    Raises:
        ImportError: When Ray is not installed.
        ValueError: When nothing answers at the address of the cluster.
    """
    with needing("ray", "--engine ray"):
        import ray
    if not ray.is_initialized():
        check_address(os.environ.get("RAY_ADDRESS", ""))
        ray.init(log_to_driver=False)
    task = ray.remote(num_cpus=1)(lambda chunk: work(chunk))  # Ray wants a function, and no other callable
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    remaining = iter(chunks)
    first = spread(list(itertools.islice(remaining, cores)), cores)
    todo = itertools.chain(first, remaining)
    waiting = [task.remote(chunk) for chunk in itertools.islice(todo, TASKS_AHEAD * cores)]
    while waiting:
        results = ray.get(waiting.pop(0))
        waiting += [task.remote(chunk) for chunk in itertools.islice(todo, 1)]
        yield results


def spread(chunks: Sequence[list[Item]], cores: int) -> list[list[Item]]:
    """Return the chunks as they are when every core gets one, else cut evenly, to `SMALLEST_CHUNK` items at least.

    >>> [len(chunk) for chunk in spread([[0] * 400], 2)], [len(chunk) for chunk in spread([[0] * 100], 8)]
    ([200, 200], [64, 36])
    >>> [len(chunk) for chunk in spread([[0] * 512, [0] * 512], 2)]
    [512, 512]
    """
    if len(chunks) >= cores:
        return list(chunks)
    items = [item for chunk in chunks for item in chunk]
    size = max(-(-len(items) // cores), SMALLEST_CHUNK)
    return [items[start : start + size] for start in range(0, len(items), size)]


def check_address(address: str) -> None:
    """Raise `ValueError` when an address names a host and a port, and nothing answers there."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d+)", address)
    if not found:
        return  # "auto", "local" or none: Ray finds out quickly
    try:
        socket.create_connection((found[1], int(found[2])), ADDRESS_SECONDS).close()
    except (OSError, OverflowError) as err:
        raise ValueError(
            f"No Ray cluster answers at RAY_ADDRESS={address} ({err}). Start it with `ray start --head`, or unset "
            "RAY_ADDRESS to have one on this machine."
        ) from err
