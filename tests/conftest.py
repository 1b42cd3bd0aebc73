"""Hypothesis profiles: dev (quick), ci (the same examples every time), campaign (a long hunt)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from support import profile_name

# Hypothesis starts from a profile of its own where it notices a CI; ours are the same everywhere.
PLAIN = settings(settings.get_profile("default"), deadline=None)

settings.register_profile("dev", PLAIN, max_examples=50)
settings.register_profile("ci", PLAIN, max_examples=200, derandomize=True, print_blob=True)
settings.register_profile(
    "campaign", PLAIN, max_examples=5000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(profile_name(os.environ))
