"""A long hunt: random small clusters, one query each, against the independent checker and every placement.

A cluster and its question follow from one number. VMPROOF_SEEDS="FIRST:LAST" chooses the numbers (without
LAST), so that a hunt can be split and resumed; what fails prints its number. Every run asks some of them;
`make campaign` asks a hundred thousand.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator

import pytest

from placement_judge import QUERIES, cluster_of, judge

pytestmark = pytest.mark.differential
ALL, SHARD = 100_000, 2_500


def shards() -> Iterator[tuple[int, int]]:
    """The numbers that are asked for, in parts that are tests of their own."""
    first, _, last = os.environ.get("VMPROOF_SEEDS", f"0:{ALL}").partition(":")
    for start in range(int(first), int(last), SHARD):
        yield start, min(start + SHARD, int(last))


def hunt(first: int, last: int) -> None:
    """Judge the answers of these numbers; what fails is printed with its number."""
    failed = []
    for number in range(first, last):
        try:
            judge(number)
        except Exception as error:  # every wrong answer is listed, not the first one only
            query = QUERIES[number % len(QUERIES)]
            failed.append(f"seed {number} ({query}): {type(error).__name__}: {error}")
            print(failed[-1], file=sys.stderr, flush=True)
    assert not failed, "\n".join(failed)


def test_every_query_on_a_few_clusters() -> None:
    hunt(10_000_000, 10_000_000 + 8 * len(QUERIES))


@pytest.mark.campaign
@pytest.mark.parametrize(("first", "last"), list(shards()))
def test_the_campaign(first: int, last: int) -> None:
    hunt(first, last)


def test_clusters_follow_from_their_number_and_differ() -> None:
    assert cluster_of(random.Random(5)) == cluster_of(random.Random(5))
    assert len({repr(cluster_of(random.Random(n))) for n in range(50)}) == 50
