"""The three database roles: who administers, who owns the tables, who serves."""

from __future__ import annotations

ADMIN = "gridkeeper_admin"  # superuser of the embedded cluster; creates roles, databases and extensions
OWNER = "gridkeeper_owner"  # owns the tables and migrates
APP = "gridkeeper_app"  # serves; owns nothing, so that row-level security binds it
