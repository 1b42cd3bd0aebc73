"""The names of what can conflict: rules, capacities, states, pinned VMs, datastores."""

from __future__ import annotations

from .problem import VM, WHOLE, Host, Problem, Rule


def rule_name(rule: Rule) -> str:
    """A rule."""
    return f"rule {rule.name!r}"


def state_name(host: Host) -> str:
    """Maintenance or quarantine."""
    return f"{host.name} in {host.state} mode"


def pinned_name(vm: VM) -> str:
    """DRS is disabled for the VM."""
    return f"{vm.name} may not be moved"


def datastores_name(vm: VM) -> str:
    """The hosts that reach the VM's disks."""
    return f"the datastores of {vm.name}"


def capacity_name(problem: Problem, h: int, r: int, target: int) -> str:
    """What a host has of a resource, and which part of it may be used."""
    host, resource = problem.hosts[h], problem.resources[r]
    part = f", {target / 100:g} % of it" if resource.load and target != WHOLE else ""
    return f"{resource.name} of {host.name} ({host.capacity[r]:,} {resource.unit}{part})"
