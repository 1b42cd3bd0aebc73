"""Real clusters: hosts, datastores, VMs, rules and settings, read from TOML."""

from .items import BUDGETS, DatastoreItem, HostItem, Inventory, Rule, Settings, Story, VMItem
from .problems import InventoryError, InventoryProblem
from .reading import read_inventory

__all__ = [
    "BUDGETS",
    "DatastoreItem",
    "HostItem",
    "Inventory",
    "InventoryError",
    "InventoryProblem",
    "Rule",
    "Settings",
    "Story",
    "VMItem",
    "read_inventory",
]
