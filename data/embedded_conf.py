"""The embedded server's configuration, written anew at every start so that new settings arrive."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from data.roles import ADMIN, APP, OWNER

INCLUDE = "include_if_exists = 'gridkeeper.conf'\n"
_SMALL_SHM_BYTES = 1024**3


def files(run: Path, *, os_user: str) -> dict[str, str]:
    """Texts by file name, for the data directory.

    Args:
        run: Folder of the socket.
        os_user: Operating-system user who runs the server; it and root may act as our three roles.
    """
    users = sorted({"root", os_user})
    mapped = [f'gridkeeper "{user}" {role}' for user in users for role in (ADMIN, OWNER, APP)]
    return {
        "gridkeeper.conf": "\n".join(_settings(run)) + "\n",
        "pg_hba.conf": "local all all peer map=gridkeeper\n",
        "pg_ident.conf": "\n".join(mapped) + "\n",
    }


def _settings(run: Path) -> list[str]:
    ram_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    lines = [
        "# Written by gridkeeper at every start. Your own settings: local.conf beside this file.",
        "listen_addresses = ''",
        f"unix_socket_directories = '{run}'",
        "unix_socket_permissions = 0700",
        f"shared_buffers = {min(2048, max(64, ram_mb // 8))}MB",
        f"effective_cache_size = {max(128, ram_mb // 2)}MB",
        "work_mem = 64MB",
        f"maintenance_work_mem = {min(512, max(64, ram_mb // 16))}MB",
        "max_wal_size = 4GB",
        "checkpoint_timeout = 15min",
        "random_page_cost = 1.1",
        "jit = off",
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
        "logging_collector = on",
        "log_filename = 'server-%a.log'",
        "log_rotation_age = 1d",
        "log_truncate_on_rotation = on",
    ]
    if shutil.disk_usage("/dev/shm").total < _SMALL_SHM_BYTES:
        # Containers often give 64 MB here, and parallel queries then fail half-way.
        lines.append("dynamic_shared_memory_type = mmap")
    return [*lines, "include_if_exists = 'local.conf'"]
