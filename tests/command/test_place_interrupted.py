"""Ctrl-C in the middle of every query that can take long: what was found so far, UNDETERMINED, exit 3."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 120.0  # seconds; nothing is asserted about time


def cluster(hosts: int, vms: int, load: float) -> dict[str, Any]:
    """Half of the hosts carry two thirds of the VMs."""
    dice = random.Random(3)
    size = [int(100_000 * hosts * load / vms), int(512_000 * hosts * load / vms)]
    current = [dice.randrange(hosts) if v % 3 else dice.randrange(hosts // 2) for v in range(vms)]
    return {
        "hosts": [[100_000, 512_000]] * hosts,
        "vms": [[int(s * dice.uniform(0.4, 1.6)) for s in size] for _ in range(vms)],
        "current": current,
        "anti": [[v, v + 1, v + 2] for v in range(0, vms // 4, 3)],
    }


def interrupted(
    folder: Path, data: dict[str, Any], *arguments: str, answers: int = 1
) -> tuple[int, dict[str, Any]]:
    """Start the command on a terminal, wait until it has shown some different answers, press Ctrl-C."""
    path = folder / "cluster.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    ours, theirs = pty.openpty()
    query, *more = arguments
    program = str(Path(sys.executable).with_name("vmproof"))
    command = [program, "place", query, str(path), *more, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    seen, end = bytearray(), time.monotonic() + PATIENCE
    reader = threading.Thread(target=read_all, args=(ours, seen))
    reader.start()
    while len(shown(seen)) < answers and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    reader.join()
    os.close(ours)
    return process.returncode, {"shown": shown(seen), **json.loads(out)}


def read_all(terminal: int, seen: bytearray) -> None:
    """Read a terminal until the other end is closed: one that is full would stop the command."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 4096):
            seen += data


def shown(seen: bytes | bytearray) -> list[int]:
    """The different answers that a terminal has shown, in their order."""
    found = re.findall(rb"best ([1-9][0-9,]*)[^0-9,]", seen)
    return list(dict.fromkeys(int(number.replace(b",", b"")) for number in found))


ENDLESS = ["--rounds", "1_000_000", "--seconds", "3600"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["repair", "--target", "67%"],
        ["balance"],
        ["balance", "--by", "deviation"],
        ["evacuate", "h0", "h1"],
        ["explain", "--target", "72%"],
    ],
    ids=lambda arguments: "-".join(arguments[:3]),
)
def test_a_search(tmp_path: Path, arguments: list[str]) -> None:
    status, found = interrupted(tmp_path, cluster(24, 200, 0.66), *arguments, *ENDLESS)
    assert (status, found["exit"], found["verdict"]) == (3, 3, "UNDETERMINED")
    assert any("interrupted" in note for note in found["notes"])


@pytest.mark.parametrize("arguments", [["repair", "--target", "67%"], ["balance"]], ids=lambda a: a[0])
def test_the_answer_is_the_best_that_was_shown(tmp_path: Path, arguments: list[str]) -> None:
    _, found = interrupted(tmp_path, cluster(24, 200, 0.66), *arguments, *ENDLESS, answers=2)
    assert len(found["shown"]) >= 2
    assert found["objective"]["value"] <= min(found["shown"])


def test_an_admission(tmp_path: Path) -> None:
    data = cluster(24, 500, 0.66)
    data["current"] = [None if v % 2 else h for v, h in enumerate(data["current"])]
    status, found = interrupted(tmp_path, data, "admit", "--target", "68%", *ENDLESS)
    assert (status, found["verdict"]) == (3, "UNDETERMINED")


def test_survive(tmp_path: Path) -> None:
    status, found = interrupted(tmp_path, cluster(24, 500, 0.4), "survive", "-k", "5", "--seconds", "3600")
    assert (status, found["verdict"]) == (3, "UNDETERMINED")
    assert 0 < found["witnesses"] < found["failure_sets"]
