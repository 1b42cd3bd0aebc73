"""What the proofs say they need: each mechanism, and the properties that are refuted without it.

``ROWS``: the mechanism, a small scope, and for each property the length of the shortest run that breaks it
there. ``NOT_MISSED``: a proof uses the mechanism, and no such run was found; what breaks is a lemma that the
proof leans on (``THROUGH``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmproof.properties.teeth import SMALL

CONVERTED = {"statics": {"to_convert": {"v1": True}}}
MORE: Mapping[str, Mapping[str, Any]] = {
    "conversion and crash": {"hosts": 2, "budgets": {"host_crash": 1}, **CONVERTED},
    "conversion and lost storage": {"hosts": 2, "budgets": {"storage_loss": 1}, **CONVERTED},
    "pair and maintenance": {
        **{"hosts": 2, "fault_tolerant": 1, "vmotion": "on"},
        "budgets": {"ft_link_loss": 1, "maintenance": 1},
    },
    "pair kept apart": {
        **{"hosts": 3, "vms": 2, "vmotion": "on", "budgets": {"migration_timeout": 1, "ft_enable": 1}},
        "statics": {"apart": {("v1", "v2"): True, ("v2", "v1"): True}},
    },
    "two wishes": {
        **{"vms": 2, "vmotion": "DRS only", "budgets": {}},
        "statics": {
            "apart": {("v1", "v2"): True, ("v2", "v1"): True},
            "preferred": {("v1", "h1"): False, ("v2", "h2"): False},
        },
    },
    "pair and false suspicion": {"fault_tolerant": 1, "budgets": {"ft_link_loss": 1, "false_suspicion": 1}},
    "stop and false suspicion": {"budgets": {"user_stop": 1, "false_suspicion": 1}},
}
SCOPES = {**SMALL, **MORE}

ROWS: list[tuple[str, str, dict[str, int]]] = [
    ("FT output rule", "broken pair", {"live_copy_is_current": 5, "original_retained": 5}),
    ("FT output rule", "pair", {"no_output_outruns_the_log": 3}),
    (
        "FT test-and-set",
        "broken pair",
        {
            **{"live_copy_is_current": 6, "one_address": 6, "one_of_a_pair_goes_live": 6},
            **{"original_retained": 7, "single_live_primary": 6},
        },
    ),
    ("commit acknowledgement", "migration", {"live_copy_is_current": 6, "original_retained": 7}),
    ("commit before report", "conversion and crash", {"one_address": 9}),
    ("commit before report", "conversion and lost storage", {"single_live_primary": 9}),
    ("commit before report", "conversion", {"live_copy_is_current": 5, "what_is_reported_is_listed": 4}),
    ("commit before report", "user's stop", {"a_stop_stays_a_stop": 5}),
    ("conversion verified", "conversion", {"live_copy_is_current": 5, "original_retained": 7}),
    ("disk copy verified", "storage migration", {"live_copy_is_current": 3, "original_retained": 4}),
    ("election", "migration", {"unique_master": 1}),
    ("evacuation before maintenance", "maintenance", {"no_vm_in_maintenance": 2}),
    ("log drained before go-live", "broken pair", {"live_copy_is_current": 4, "original_retained": 4}),
    ("one job per VM", "migration", {"one_migration_per_vm": 2, "the_running_copy_is_reached": 14}),
    ("one job per VM", "storage migration", {"live_copy_is_current": 9, "original_retained": 10}),
    ("original kept until activation", "migration", {"original_retained": 2}),
    ("placement check", "must rule", {"must_rules_hold": 1}),
    ("placement check", "no room", {"reservations_fit": 1}),
    ("placement check", "rule", {"rules_keep_apart": 1}),
    ("protected list lock", "partition", {"unique_master": 4}),
    ("re-validation at execution", "load", {"reservations_fit": 7}),
    ("re-validation at execution", "two wishes", {"rules_keep_apart": 4}),
    ("reset bound", "guest failure", {"resets_are_bounded": 8}),
    (
        "secondary on another host",
        "pair and maintenance",
        {"original_retained": 11, "no_vm_in_maintenance": 8},
    ),
    ("secondary on another host", "pair kept apart", {"rules_keep_apart": 9}),
    ("secondary on another host", "broken pair", {"secondary_is_elsewhere": 3}),
    ("secondary output suppressed", "pair", {"one_address": 3, "single_live_primary": 3}),
    ("source disk kept until the switch", "storage migration", {"original_retained": 2}),
    ("source kept until accepted", "conversion", {"original_retained": 3}),
    ("source powered off", "conversion", {"machine_and_vm_never_both_serve": 4}),
    ("stop goes through the log", "stopped pair", {"a_stop_stays_a_stop": 4}),
    ("unprotect before power-off", "user's stop", {"a_stop_stays_a_stop": 3}),
    ("vm disk lock", "pair and false suspicion", {"one_of_a_pair_goes_live": 5}),
    ("vm disk lock", "stop and false suspicion", {"a_stop_stays_a_stop": 5}),
    (
        "vm disk lock",
        "false suspicion",
        {
            **{"live_copy_is_current": 2, "original_retained": 3},
            **{"single_live_primary": 2, "the_running_copy_is_reached": 2},
        },
    ),
    ("vm disk lock", "lost storage", {"isolated_vms_are_left_alone": 5}),
]

NOT_MISSED: Mapping[str, tuple[str, ...]] = {
    "one job per VM": (
        *("single_live_primary", "one_address", "reservations_fit", "must_rules_hold", "rules_keep_apart"),
        *("one_of_a_pair_goes_live", "secondary_is_elsewhere", "isolated_vms_are_left_alone"),
        *("a_stop_stays_a_stop", "no_vm_in_maintenance"),
    ),
    "commit before report": (
        *("original_retained", "the_running_copy_is_reached", "reservations_fit", "must_rules_hold"),
        *("rules_keep_apart", "one_of_a_pair_goes_live", "isolated_vms_are_left_alone"),
        *("no_vm_in_maintenance", "machine_and_vm_never_both_serve"),
    ),
    "secondary on another host": ("live_copy_is_current", "reservations_fit", "must_rules_hold"),
    "source kept until accepted": ("live_copy_is_current",),
    "vm disk lock": ("one_address",),
    "FT test-and-set": ("the_running_copy_is_reached", "isolated_vms_are_left_alone", "a_stop_stays_a_stop"),
}

THROUGH: Mapping[str, tuple[str, str, int]] = {
    "one job per VM": ("migration", "one_migration_per_vm", 2),
    "commit before report": ("conversion", "a_machine_outside_is_no_vm_yet", 5),
    "secondary on another host": ("broken pair", "a_pair_is_on_two_hosts", 3),
    "source kept until accepted": ("conversion", "live_disks_are_current", 4),
    "vm disk lock": ("false suspicion", "one_lease", 2),
    "FT test-and-set": ("broken pair", "one_lease", 6),
}
"""For ``NOT_MISSED``: what their proofs lean on, and how short a run breaks it without the mechanism."""
