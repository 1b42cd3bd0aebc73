"""Why each mechanism is there: without it a property is refuted, in a small scope, in so many steps.

The table is data; the tests take every mechanism away and measure again. Where two mechanisms mask each other
the pair is removed. ``TOOTHLESS`` names those whose absence no property shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..model.language.scope import Scope
from ..model.scenarios import alike

_GROWTH = {"demand": {"v1": 1, "v2": 1}, "peak_demand": {"v1": 2, "v2": 2}}

SMALL: Mapping[str, Mapping[str, Any]] = {
    "migration": {"vmotion": "on", "budgets": {"ack_loss": 1, "migration_cut": 1}},
    "storage migration": {
        **{"hosts": 2, "datastores": 2, "storage_vmotion": True, "vmotion": "on"},
        "budgets": {"copy_error": 1},
    },
    "mirroring": {"hosts": 2, "datastores": 2, "storage_vmotion": True, "budgets": {}},
    "conversion": {"hosts": 2, "budgets": {"copy_error": 1}, "statics": {"to_convert": {"v1": True}}},
    "failure": {"budgets": {"host_crash": 1, "host_return": 1}},
    "false suspicion": {"budgets": {"false_suspicion": 1}},
    "forged heartbeat": {"budgets": {"host_crash": 1, "forged_heartbeat": 1}},
    "partition": {"segments": 2, "budgets": {"partition": 1, "heal": 1, "host_crash": 1}},
    "cluster lock": {"election": "cluster lock", "budgets": {"host_crash": 1}},
    "isolation": {"budgets": {"isolation": 1, "heal": 1}},
    "isolation response": {"isolation_response": "power off", "budgets": {"isolation": 3}},
    "lost storage": {"budgets": {"isolation": 1, "storage_loss": 1, "heal": 1, "storage_return": 1}},
    "self-fence": {"self_fence": "on", "budgets": {"isolation": 1, "storage_loss": 1}},
    "user's stop": {"budgets": {"user_stop": 1, "host_crash": 1}},
    "guest failure": {"hosts": 2, "budgets": {"guest_failure": 5}},
    "pair": {"fault_tolerant": 1, "vmotion": "on", "budgets": {"migration_timeout": 1}},
    "broken pair": {"fault_tolerant": 1, "budgets": {"ft_link_loss": 1, "host_crash": 1}},
    "stopped pair": {"fault_tolerant": 1, "budgets": {"user_stop": 1}},
    "no HA": {"ha": False, "budgets": {"ft_enable": 1}},
    "no room": {"hosts": 2, "vms": 2, "room": 1, "vmotion": "on"},
    "rule": {
        **{"hosts": 2, "vms": 2, "vmotion": "on", "budgets": {}},
        "statics": {"apart": {("v1", "v2"): True, ("v2", "v1"): True}},
    },
    "must rule": {
        **{"hosts": 2, "vmotion": "on", "budgets": {}},
        "statics": {"permitted": {("v1", "h2"): False}},
    },
    "load": {
        **{"vms": 2, "room": 1, "vmotion": "DRS only", "budgets": {"load_growth": 1, "host_crash": 1}},
        "statics": {**_GROWTH, "cpu": {"h1": 1, "h2": 2, "h3": 2}},
    },
    "two loads": {
        **{"hosts": 2, "vms": 2, "vmotion": "DRS only", "budgets": {"load_growth": 1}},
        "statics": {
            **{"demand": {"v1": 1, "v2": 1}, "peak_demand": {"v1": 2, "v2": 2}},
            **{"cpu": {"h1": 2, "h2": 2}, "placed": {("v1", "h1"): True, ("v2", "h1"): True}},
        },
    },
    "maintenance": {"hosts": 2, "vmotion": "DRS only", "budgets": {"maintenance": 1}},
}
"""The arguments of ``alike`` for each small scope."""


@dataclass(frozen=True)
class Tooth:
    """Without these mechanisms the property is refuted in that scope, by a trace of so many steps.

    A progress property is refuted by a run that goes round for ever: ``steps`` is None.
    """

    without: tuple[str, ...]
    scope: str
    broken: str
    steps: int | None

    def made(self) -> Scope:
        """The scope with the mechanisms removed."""
        return alike(**SMALL[self.scope], without=self.without)


TEETH: tuple[Tooth, ...] = (
    Tooth(("commit acknowledgement",), "migration", "live_copy_is_current", 6),
    Tooth(("commit acknowledgement",), "migration", "original_retained", 7),
    Tooth(("original kept until activation",), "migration", "original_retained", 2),
    Tooth(("one job per VM",), "migration", "one_migration_per_vm", 2),
    Tooth(("mirrored writes", "disk copy verified"), "mirroring", "live_copy_is_current", 4),
    Tooth(("disk copy verified",), "storage migration", "live_copy_is_current", 3),
    Tooth(("source disk kept until the switch",), "storage migration", "original_retained", 2),
    Tooth(("conversion verified",), "conversion", "live_copy_is_current", 5),
    Tooth(("source powered off",), "conversion", "machine_and_vm_never_both_serve", 4),
    Tooth(("source kept until accepted",), "conversion", "original_retained", 3),
    Tooth(("vm disk lock",), "false suspicion", "single_live_primary", 2),
    Tooth(("lost lock detection",), "lost storage", "one_copy_is_left", None),
    Tooth(("self-fence",), "self-fence", "one_running_copy", 5),
    Tooth(("self-fence",), "self-fence", "a_broken_lock_stops_nobody", 5),
    Tooth(("election",), "failure", "unique_master", 1),
    Tooth(("cluster lock",), "cluster lock", "unique_master", 1),
    Tooth(("protected list lock",), "partition", "unique_master", 4),
    Tooth(("commit before report",), "user's stop", "what_is_reported_is_listed", 4),
    Tooth(("host heartbeat", "datastore heartbeat"), "failure", "only_dead_hosts_are_given_up", 1),
    Tooth(("datastore heartbeat",), "partition", "only_dead_hosts_are_given_up", 3),
    Tooth(("power-off file", "vm disk lock"), "isolation", "single_live_primary", 5),
    Tooth(("isolation ownership check",), "isolation response", "nothing_is_powered_off_in_vain", 6),
    Tooth(("unprotect before power-off",), "user's stop", "a_stop_stays_a_stop", 3),
    Tooth(("reset bound",), "guest failure", "resets_are_bounded", 8),
    Tooth(("FT only inside HA",), "no HA", "fault_tolerance_needs_ha", 2),
    Tooth(("secondary on another host",), "broken pair", "secondary_is_elsewhere", 3),
    Tooth(("FT output rule",), "pair", "no_output_outruns_the_log", 3),
    Tooth(("secondary output suppressed",), "pair", "single_live_primary", 3),
    Tooth(("FT heartbeat",), "pair", "one_running_copy", 1),
    Tooth(("FT test-and-set",), "broken pair", "one_of_a_pair_goes_live", 6),
    Tooth(("log drained before go-live",), "broken pair", "live_copy_is_current", 4),
    Tooth(("FT test-and-set",), "broken pair", "single_live_primary", 6),
    Tooth(("stop goes through the log",), "stopped pair", "a_stop_stays_a_stop", 4),
    Tooth(("placement check",), "no room", "reservations_fit", 1),
    Tooth(("placement check",), "rule", "rules_keep_apart", 1),
    Tooth(("placement check",), "must rule", "must_rules_hold", 1),
    Tooth(("re-validation at execution",), "load", "reservations_fit", 7),
    Tooth(("moves under way counted",), "two loads", "drs_settles", None),
    Tooth(("evacuation before maintenance",), "maintenance", "no_vm_in_maintenance", 2),
)

TOOTHLESS: Mapping[str, str] = {
    "heartbeat authentication": "a forged heartbeat delays a restart, and budgets forge only so many",
}
"""Mechanisms without which nothing breaks in the small scopes, and why."""


def teeth_of(mechanism: str) -> tuple[Tooth, ...]:
    """The refutations that show what the mechanism is for, those by itself first."""
    return tuple(sorted((t for t in TEETH if mechanism in t.without), key=lambda tooth: len(tooth.without)))
