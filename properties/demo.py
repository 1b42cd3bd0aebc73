"""The demo: what a cluster does when hosts fail, told step by step, every invariant asked on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..model.cluster.policy import preference, reason
from ..model.cluster.state import Cluster, Host
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Instance, Scope
from .replay import program
from .results import Finding, Result, Step, Verdict
from .story import NothingToTell, Story, tell
from .views import cluster_view


def demo(scope: Scope, fails: Sequence[str], expect: Mapping[str, str]) -> Result:
    """Let the named hosts fail, one after the other. Raises NothingToTell when there is no such story."""
    if scope.state is not Cluster:
        raise NothingToTell(f"{scope.model.name} is no cluster: vmproof check FILE works for every model")
    if not fails:
        raise NothingToTell('no host fails in this file: add [story] with fails = ["A"]')
    began = time.perf_counter()
    crashes = max(len(fails), scope.all_budgets["host_crash"])
    scope = replace(scope, budgets={**scope.budgets, "host_crash": crashes})
    story = tell(scope, [_crash(scope, name) for name in fails], preference, reason)
    findings = [_finding(p, story) for p in invariants_of(scope.model)]
    return Result(
        command="demo",
        model=scope.model.name,
        scope=scope.describe(),
        settings=dict(scope.all_settings),
        findings=tuple(replace(f, expected=expect.get(f.property)) for f in findings),
        states=len(story.run.instances) + 1,
        transitions=len(story.run.instances),
        seconds=time.perf_counter() - began,
        notes=() if story.at_rest else ("the story was cut: the policy never comes to rest",),
        story=_told(story),
        before=cluster_view(scope, story.state_after(0), "before the failure"),
        after=cluster_view(scope, story.state_after(-1), "after the failure"),
    )


def _told(story: Story) -> tuple[Step, ...]:
    steps = zip(story.run.steps(), story.reasons, strict=True)
    return tuple(replace(step, because=reason) for step, reason in steps)


def _crash(scope: Scope, host: str) -> Instance:
    return Instance(scope.model.actions["host_crash"], (Host(host),))


def _finding(predicate: Predicate, story: Story) -> Finding:
    broken = story.violations.get(predicate.name)
    plain = Finding(
        predicate.name,
        predicate.kind,
        predicate.sentence,
        Verdict.SAMPLED,
        "story",
        f"held in all {len(story.run.instances) + 1} states of this one run",
        predicate.mechanism,
        predicate.source,
    )
    if broken is None:
        return plain
    reason = f"violated after {len(broken.instances)} steps"
    return replace(
        plain,
        verdict=Verdict.REFUTED,
        reason=reason,
        trace=broken.steps(),
        program=program(broken, predicate.name),
    )
