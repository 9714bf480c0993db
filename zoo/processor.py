"""The name of the processor that this process runs on."""

import platform
from pathlib import Path


def processor_name() -> str:
    """Return the name of the processor as the operating system knows it, with the features that products use."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = fields.get("flags", fields.get("Features", "")).split()
    features = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "sve", "bf16") if name in flags]
    name = fields.get("model name", platform.machine())
    return f"{name} ({', '.join(features)})" if features else name
