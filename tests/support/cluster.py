"""Clusters of workers on this machine."""

import contextlib
import socket


def configs(count):
    """Return a TF_CONFIG for each of some workers on this machine, on ports that nobody uses."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    return [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}} for i in range(count)]
