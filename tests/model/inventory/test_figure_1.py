"""What the data of Figure 1 say of the paper's story (section 5), computed without the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.model.inventory import HostItem, Inventory, VMItem, read_inventory

FIGURE_1 = Path(__file__).resolve().parents[3] / "examples" / "figure-1.toml"
GIB, GHZ = 1024, 1000


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return read_inventory(FIGURE_1)


def winner(hosts: list[HostItem]) -> str:
    """The election: most datastores, then the higher Managed Object ID as a string."""
    return max(hosts, key=lambda host: (len(host.datastores), host.moid)).name


def free(host: HostItem, guests: list[VMItem]) -> tuple[int, int]:
    """Memory and CPU of the host that are not reserved."""
    memory = host.memory - sum(vm.memory_reservation for vm in guests)
    return memory, host.cpu - sum(vm.cpu_reservation for vm in guests)


def after_a(inventory: Inventory) -> tuple[dict[str, HostItem], dict[str, list[VMItem]]]:
    """The hosts that are left when A fails, and what each still holds (A1's secondary on C included)."""
    left = {host.name: host for host in inventory.hosts if host.name != "A"}
    return left, {name: [vm for vm in inventory.vms if name in (vm.host, vm.secondary)] for name in left}


def restarted(inventory: Inventory) -> tuple[dict[str, str], list[int], dict[str, list[VMItem]]]:
    """Where HA restarts A's VMs, by what margin of memory (MiB), and the guests of each host after it."""
    left, guests = after_a(inventory)
    order = {"high": 0, "medium": 1, "low": 2}
    lost = sorted(
        (vm for vm in inventory.vms if vm.host == "A" and not vm.ft),
        key=lambda vm: (order[vm.ha_priority], vm.name),
    )
    where, margins = {}, []
    for vm in lost:
        memory = {name: free(left[name], guests[name])[0] for name in left}
        first, second, *_ = sorted(memory, key=memory.__getitem__, reverse=True)
        room, cycles = free(left[first], guests[first])
        assert vm.memory_reservation <= room
        assert vm.cpu_reservation <= cycles
        assert vm.datastore in left[first].datastores
        where[vm.name] = first
        margins.append(memory[first] - memory[second])
        guests[first].append(vm)
    return where, margins, guests


def test_a_is_master_and_then_b(inventory: Inventory) -> None:
    hosts = list(inventory.hosts)
    assert winner(hosts) == "A"
    assert winner([host for host in hosts if host.name != "A"]) == "B"


def test_b_wins_by_its_managed_object_id_as_a_string_only(inventory: Inventory) -> None:
    left = list(after_a(inventory)[0].values())
    assert len({len(host.datastores) for host in left}) == 1
    assert max(left, key=lambda host: int(host.moid.removeprefix("host-"))).name == "C"


def test_a2_restarts_on_b_and_a3_on_d_by_gibibytes(inventory: Inventory) -> None:
    where, margins, _ = restarted(inventory)
    assert where == {"A2": "B", "A3": "D"}
    assert min(margins) >= 4 * GIB


def test_the_new_secondary_of_a1_lands_on_d_by_gigahertz(inventory: Inventory) -> None:
    left, (_, _, guests) = after_a(inventory)[0], restarted(inventory)
    a1 = next(vm for vm in inventory.vms if vm.name == "A1")
    cpu = {name: free(left[name], guests[name])[1] for name in left if name != a1.secondary}
    assert max(cpu, key=cpu.__getitem__) == "D"
    assert cpu["D"] - cpu["B"] >= 2 * GHZ
    memory, _ = free(left["D"], guests["D"])
    assert memory >= a1.memory_reservation
    assert cpu["D"] >= a1.cpu_reservation


def test_no_host_is_over_its_capacity_before_or_after(inventory: Inventory) -> None:
    before = {
        h.name: [vm for vm in inventory.vms if h.name in (vm.host, vm.secondary)] for h in inventory.hosts
    }
    after = restarted(inventory)[2]
    after["D"].append(inventory.vms[0])
    hosts = {host.name: host for host in inventory.hosts}
    for guests in (before, after):
        assert all(min(free(hosts[name], held)) >= 0 for name, held in guests.items())


def test_hosts_differ(inventory: Inventory) -> None:
    assert len({(host.cpu, host.memory) for host in inventory.hosts}) >= 3
