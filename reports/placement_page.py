"""An answer of the placement optimizer as one self-contained HTML page, and its report folder."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ..solver.placement.answers import Answer, Explanation, Plan, Policy, Survival, host_name
from ..solver.placement.problem import Problem
from .as_json import write_text
from .page import _figure, _section, _style, _table
from .placement_json import is_right, to_json
from .placement_pictures import gap_picture, hosts_picture, plan_picture
from .placement_terminal import before_and_after, checked_by, contended, headline, replayed
from .sentences import counted

MOST_ROWS = 500


def to_html(found: Answer | Survival) -> str:
    """The whole page; nothing in it is loaded from elsewhere."""
    query = "survive" if isinstance(found, Survival) else found.query
    title = escape(f"vmproof place {query}: {found.problem.name}")
    sections = _survival(found) if isinstance(found, Survival) else _answer(found)
    badge = f'<span class="badge {found.verdict.value}">{found.verdict.value}</span>'
    said = f'<p class="soft">{escape(headline(found))}; {found.seconds:.2f} s; exit status {found.exit}</p>'
    notes = "".join(f"<p>Note: {escape(note)}</p>" for note in found.notes)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_style()}</style>\n</head>\n<body>\n<header><h1>{title} {badge}</h1>"
        f"{said}{notes}</header>\n<main>\n"
        + "\n".join(filter(None, sections))
        + f'\n</main>\n<footer class="soft"><p>{escape(_verified(found))}</p></footer>\n</body>\n</html>\n'
    )


def _verified(found: Answer | Survival) -> str:
    if isinstance(found, Survival):
        return f"The independent checker verified {counted(found.witnesses, 'placement')} after failures."
    return checked_by(found) if found.checked else "There is no placement that could be checked."


def _hosts(found: Answer) -> str:
    """Every host in every resource, now and after."""
    import numpy as np

    problem = found.problem
    before, after = problem.load(problem.current), problem.load(np.array(found.placement))
    columns = ["host", *(f"{r.name}, {r.unit}" for r in problem.resources)]
    rows = [
        [escape(host.name), *(f"{was:,} → {now:,} of {room:,}" if was != now else f"{now:,} of {room:,}"
          for was, now, room in zip(before[h].tolist(), after[h].tolist(), host.capacity, strict=True))]
        for h, host in enumerate(problem.hosts[:MOST_ROWS])
    ]  # fmt: skip
    lines = "".join(f"<p>{escape(line)}</p>" for line in contended(found)[:MOST_ROWS])
    return _section("Hosts", lines + _table(columns, rows))


def _answer(found: Answer) -> list[str]:
    return [
        _pictures(found) if found.placement else "",
        _hosts(found) if found.placement else "",
        _moves(found),
        _plan(found, found.plan) if found.plan is not None else "",
        _explanation(found.explanation) if found.explanation is not None else "",
        _certificate(found),
    ]


def _pictures(found: Answer) -> str:
    caption = f"Hosts before and after: {before_and_after(found)}"
    figures = [_figure(hosts_picture(found), caption)]
    if len(found.history) > 1:
        figures.append(_figure(gap_picture(found), "The best answer and its bound over time"))
    return _section("Before and after", "".join(figures))


def _moves(found: Answer) -> str:
    if not found.moves:
        return ""
    rows = [
        [str(m.priority), escape(m.vm), escape(m.source or "new"), escape(m.target), escape(m.size),
         f"{m.cost:,}", "" if m.benefit is None else f"{m.benefit / 100:.2f} points",
         escape(m.why), "automatic" if m.automatic else "proposal"]
        for m in found.moves[:MOST_ROWS]
    ]  # fmt: skip
    carried = f"{_carried(found.problem)} carried"
    head = ["priority", "VM", "from", "to", "size", carried, "worth", "why", "mode"]
    return _section("Moves", _table(head, rows))


def _carried(problem: Problem) -> str:
    """What a migration's cost is counted in: memory, or else the last resource."""
    memory = [resource for resource in problem.resources if resource.name == "memory"]
    heavy = (memory or problem.resources)[-1]
    return f"{heavy.unit} of {heavy.name}"


def _plan(found: Answer, plan: Plan) -> str:
    text = f"<p>{escape(plan.reason + replayed(plan))}</p>"
    text += "".join(f"<p>Not replayed in the model: {escape(line)}</p>" for line in plan.not_replayed)
    names = [
        [str(number), escape("; ".join(
            f"{found.problem.vms[m.vm].name}: {host_name(found.problem, m.source)} → "
            f"{host_name(found.problem, m.target)}{' (temporary stop)' if m.stop else ''}" for m in step
        ))]
        for number, step in enumerate(plan.steps, 1)
    ]  # fmt: skip
    picture = _figure(plan_picture(found, plan), "The plan as a time line") if plan.steps else ""
    return _section("Plan", text + picture + _table(["step", "migrations, in parallel"], names))


def _explanation(why: Explanation) -> str:
    parts = [f"<p>{escape(why.summary)}</p>"]
    parts += [f"<p>Contradiction: {escape(conflict)}</p>" for conflict in why.conflicts]
    for vm, row in why.table:
        rows = [[escape(host), escape("; ".join(reasons) or "possible")] for host, reasons in row]
        parts.append(f"<h3>{escape(vm)}</h3>" + _table(["host", "why not"], rows))
    if why.core is not None:
        small = "any one left out, the others can" if why.core.minimal else "perhaps not the fewest"
        items = "".join(f"<li>{escape(element)}</li>" for element in why.core.elements)
        parts.append(f"<h3>These cannot all hold ({small})</h3><ul>{items}</ul>")
    if why.cures:
        items = "".join(f"<li>{escape(cure.text)}</li>" for cure in why.cures)
        parts.append(f"<h3>Any one of these helps, the cheapest first</h3><ul>{items}</ul>")
    return _section("Why not", "".join(parts))


def _certificate(found: Answer) -> str:
    """The bound, floor by floor."""
    bound = found.bound
    if bound is None:
        return ""
    rows = [
        [
            f"{stage.low / 100:g}–{stage.high / 100:g} %",
            escape(found.problem.hosts[floor.host].name),
            str(floor.moves),
        ]
        for stage in bound.stages[:1]
        for floor in stage.floors
    ]
    text = f"<p>No answer has fewer than {bound.value:,} ({escape(found.counts)}): {escape(bound.how)}.</p>"
    return _section(
        "Bound", text + (_table(["utilisation", "host", "VMs that must leave"], rows) if rows else "")
    )


def _survival(found: Survival) -> list[str]:
    rows = [[escape(p.name), _said(p, found), escape(p.why)] for p in found.policies]
    policies = _section("Admission control policies", _table(["policy", "says", "why"], rows))
    return [policies, _explanation(found.explanation) if found.explanation is not None else ""]


def _said(policy: Policy, found: Survival) -> str:
    """What a policy says, with a mark where that is wrong."""
    said = "enough" if policy.says else "not enough"
    return (
        said if is_right(policy, found) is not False else f'{said} <strong class="wrong">WRONG here</strong>'
    )


def write_report(found: Answer | Survival, folder: Path) -> list[Path]:
    """Write report.json and report.html into the folder (made if it is not there), each whole or not at all.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {folder / "report.json": to_json(found) + "\n", folder / "report.html": to_html(found)}
    for path, text in written.items():
        write_text(path, text)
    return list(written)
