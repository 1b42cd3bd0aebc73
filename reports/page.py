"""A result as one self-contained HTML page, and the report folder."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from pathlib import Path

from ..properties.results import Finding, Result, StateGraph, Step, Verdict
from .as_json import to_json, write_text
from .pictures import cluster_picture, is_numbered, state_graph_picture
from .proof_text import induction_lines, suggestion_lines, table_of, used_by
from .sentences import called, changes_of, counted, counts_of, details_of, value_text

_READING = {
    Verdict.PROVED: "for every number of hosts and VMs, under the settings at the end of this page",
    Verdict.HOLDS: "every reachable state of this scope was visited (of a “possible”: a witness was found)",
    Verdict.SAMPLED: "no violation in so many random steps, or in one told run: not a proof",
    Verdict.REFUTED: "there is a counterexample, and it was replayed step by step",
    Verdict.UNDETERMINED: "time, memory or the scope gave out before there was an answer",
}


def to_html(result: Result) -> str:
    """The whole page; nothing in it is loaded from elsewhere."""
    title = escape(f"vmproof {result.command}: {result.model}")
    sections = [
        _verdicts(result),
        _pictures(result),
        _story(result),
        *(_trace(f) for f in result.findings if f.trace is not None and f.verdict is Verdict.REFUTED),
        _proof(result),
        _graph(result),
        _coverage(result),
        _scope(result),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_style()}</style>\n</head>\n<body>\n{_header(result)}\n<main>\n"
        + "\n".join(filter(None, sections))
        + f"\n</main>\n{_footer()}\n</body>\n</html>\n"
    )


def _style() -> str:
    return files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def _header(result: Result) -> str:
    name = result.scope.get("name")
    what = f"{result.model}, {name}" if name else result.model
    said = f"vmproof {result.command}: {counts_of(result)}, exit status {result.exit}"
    title = f"<h1>{escape(what)} {_badge(result.verdict)}</h1>"
    return f'<header>{title}<p class="soft">{escape(said)}</p></header>'


def _badge(verdict: Verdict) -> str:
    return f'<span class="badge {verdict.value}">{verdict.value}</span>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{body}\n</section>"


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A table; the cells are HTML already."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _verdicts(result: Result) -> str:
    rows = [
        [_badge(f.verdict) + _expected(f), f"<code>{escape(f.property)}</code>", _says(f)]
        for f in result.findings
    ]
    used = [v for v in Verdict if any(f.verdict is v for f in result.findings)]
    legend = "".join(f'<p class="soft">{_badge(v)} {escape(_READING[v])}</p>' for v in used)
    return _section("Verdicts", _table(["verdict", "property", "what it says"], rows) + legend)


def _expected(finding: Finding) -> str:
    if finding.expected is None:
        return ""
    met = finding.expected == finding.verdict.value
    return f'<br><span class="soft">{"as expected" if met else "expected " + escape(finding.expected)}</span>'


def _says(finding: Finding) -> str:
    protected = f"; protected by: {', '.join(finding.mechanism)}" if finding.mechanism else ""
    small = escape(finding.reason + protected)
    return f'{escape(finding.sentence)}<br><span class="soft">{small}</span>'


def _pictures(result: Result) -> str:
    views = [view for view in (result.before, result.after) if view is not None]
    if not views:
        return ""
    what = "hosts, roles and copies of VMs; a copy that reserves nothing is named below its host"
    figures = [_figure(cluster_picture(view), f"The cluster {view.title}: {what}") for view in views]
    return _section("Before and after", f'<div class="pictures">{"".join(figures)}</div>')


def _figure(png: bytes, caption: str) -> str:
    data, text = base64.b64encode(png).decode("ascii"), escape(caption)
    image = f'<img alt="{text}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>"


def _story(result: Result) -> str:
    return _section("What happened", _steps(result.story)) if result.story else ""


def _steps(steps: tuple[Step, ...]) -> str:
    return '<ol class="steps">' + "\n".join(map(_step, steps)) + "</ol>"


def _step(step: Step) -> str:
    who = f' <span class="soft">{escape(step.agent)}</span>' if step.agent else ""
    why = f'<p class="because">because: {escape(step.because)}</p>' if step.because else ""
    changes = "".join(f"<li>{escape(line)}</li>" for line in changes_of(step))
    kind = ' class="fault"' if step.kind == "fault" else ""
    what = f"<code>{escape(called(step))}</code>{who}<p>{escape(step.sentence)}</p>"
    return f'<li{kind}>{what}{why}<ul class="changes">{changes}</ul></li>'


def _proof(result: Result) -> str:
    """The table of obligations, action by invariant, and what each proof used."""
    if result.proof is None:
        return ""
    head, rows = table_of(result.proof)
    used = [[f"<code>{escape(name)}</code>", escape(text)] for name, text in used_by(result.proof)]
    cases = ["\n".join(induction_lines(failed)) for failed in result.proof.inductions]
    failed = "".join(f"<pre>{escape(case)}</pre>" for case in cases)
    code = "\n".join(suggestion_lines(result.proof))
    return (
        _section("What the proofs use", _table(["invariant", "mechanisms and lemmas"], used))
        + (_section("Failed inductions", failed) if failed else "")
        + (_section("Suggested lemmas", f"<pre>{escape(code)}</pre>") if code else "")
        + _section("Obligations", _table(head, [[escape(cell) for cell in row] for row in rows]))
    )


def _trace(finding: Finding) -> str:
    steps = finding.trace or ()
    program = f"<h3>As a program</h3><pre>{escape(finding.program)}</pre>" if finding.program else ""
    before, after = steps[: len(steps) - finding.round], steps[len(steps) - finding.round :]
    rounds = f"<h3>From here it goes round for ever</h3>{_steps(after)}" if finding.round else ""
    others = "".join(
        f"<h3>Another, {counted(len(other), 'step')}, ending in {escape(other[-1].action)}</h3>"
        + _steps(other)
        for other in finding.more
    )
    body = f"<p>{escape(finding.sentence)}</p>{_steps(before)}{rounds}{others}{program}"
    return _section(f"Counterexample to {finding.property}, {counted(len(steps), 'step')}", body)


def _graph(result: Result) -> str:
    if result.graph is None:
        return ""
    caption = "Every reachable state of this scope; each column is one step further from the start"
    picture = _figure(state_graph_picture(result.graph), caption)
    return _section("State graph", picture + (_numbers(result.graph) if is_numbered(result.graph) else ""))


def _numbers(graph: StateGraph) -> str:
    """What the numbers of the nodes mean, and what each stands for."""
    rows = [[str(number), escape(label)] for number, label in enumerate(graph.labels)]
    table = _table(["state", "what differs from state 0"], rows)
    said = "The numbers count the states in the order in which the search came to them."
    return f"<p>{said}</p><details><summary>The states by number</summary>{table}</details>"


def _coverage(result: Result) -> str:
    fired = result.coverage.fired
    if not fired:
        return ""
    rows = [
        [f"<code>{escape(name)}</code>", f"{times:,}" if times else "never"] for name, times in fired.items()
    ]
    body = _table(["action", "taken"], rows)
    guards = [
        [
            f"<code>{escape(g.action)}</code>",
            escape(g.reason),
            f"{g.held:,}",
            f"{g.failed:,}",
            f"{g.decisive:,}",
        ]
        for g in result.coverage.guards
    ]
    if guards:
        body += "<h3>Guards</h3>" + _table(["action", "refuses when", "held", "failed", "alone"], guards)
    return _section("Coverage", body)


def _scope(result: Result) -> str:
    pairs = [*result.scope.items(), *result.settings.items()]
    rows = [[f"<code>{escape(str(key))}</code>", escape(value_text(value))] for key, value in pairs]
    notes = "".join(f"<p>Note: {escape(note)}</p>" for note in (*result.notes, *details_of(result)))
    return _section("Scope and settings", _table(["name", "value"], rows) + notes)


def _footer() -> str:
    trust = "Every counterexample on this page was replayed by the plain reading of the model."
    return f'<footer class="soft"><p>{trust}</p></footer>'


def write_report(result: Result, folder: Path) -> list[Path]:
    """Write report.json and report.html into the folder (made if it is not there), each whole or not at all.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {folder / "report.json": to_json(result) + "\n", folder / "report.html": to_html(result)}
    for path, text in written.items():
        write_text(path, text)
    return list(written)
