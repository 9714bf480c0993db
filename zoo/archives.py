"""The bounds of a zip archive from elsewhere, checked before anything in it is read."""

import zipfile

ROOM = 1 << 20  # bytes
RATIO = 20  # vocabularies and JSON shrink to a fifth or so; weights do not shrink


def check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse an archive with a path that leaves it, or that would grow out of all proportion.

    Args:
        archive: the archive.
        size: the bytes of the file that it is.

    Raises:
        ValueError: either is the case.
    """
    for member in archive.infolist():
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise ValueError(f"a path in it leaves its folder: {member.filename[:80]!r}")
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > ROOM + RATIO * size:
        raise ValueError(f"its {size:,} bytes would become {unpacked:,}")
