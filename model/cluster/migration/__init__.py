"""Migration: of a VM's state (live, cold), of its disk, of both; and conversion of machines into VMs."""

from . import cold, conversion, jobs, live, storage

__all__ = ["cold", "conversion", "jobs", "live", "storage"]
