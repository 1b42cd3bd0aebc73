"""High Availability: agents, election, protection, isolation, restart, guest monitoring, power."""

from . import agents, election, isolation, monitoring, power, protection, restart

__all__ = ["agents", "election", "isolation", "monitoring", "power", "protection", "restart"]
