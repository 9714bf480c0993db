"""The cluster of a training on several machines: which worker this process is, as `TF_CONFIG` says.

Kubeflow, Vertex AI and Ray set `TF_CONFIG`.
"""

import json
import os
from dataclasses import dataclass

from zoo.errors import CallError

KINDS = ("chief", "worker")  # in the order of their numbers


@dataclass(frozen=True)
class Worker:
    """This process among all workers.

    Attributes:
        number: its number from 0; worker 0 is the chief, which writes the run folder.
        count: the number of workers.
    """

    number: int = 0
    count: int = 1


def this_worker() -> Worker:
    """Return the worker that `TF_CONFIG` describes; without `TF_CONFIG` the only one.

    Raises:
        CallError: `TF_CONFIG` is no JSON, or describes no such cluster.
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return Worker()
    try:
        return _worker_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CallError(
            'TF_CONFIG must be JSON like {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": '
            f'{{"type": "worker", "index": 0}}}}: {problem}. Received: TF_CONFIG={text[:200]}'
        ) from error


def _worker_of(config) -> Worker:
    cluster, kind, index = config["cluster"], config["task"]["type"], int(config["task"]["index"])
    names = [(name, i) for name in KINDS for i in range(len(cluster.get(name, [])))]
    if not all(isinstance(address, str) and ":" in address for addresses in cluster.values() for address in addresses):
        raise ValueError('an address is no "host:port"')
    if len(cluster.get("chief", [])) > 1:
        raise ValueError("there is at most one chief")
    if not set(cluster) <= set(KINDS):
        raise ValueError(f"only a chief and workers can train here, not {', '.join(sorted(cluster))}")
    if (kind, index) not in names:
        raise ValueError(f'its cluster has no task "{kind}" {index}')
    return Worker(number=names.index((kind, index)), count=len(names))


def is_chief() -> bool:
    """Tell whether this process is the chief, the only one that writes; a process without `TF_CONFIG` is."""
    return this_worker().number == 0
