"""A result as one self-contained HTML page, and the report folder."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from ..properties.results import Finding, Result, Step, Verdict
from .as_json import to_json, write_text
from .pictures import cluster_picture, state_graph_picture
from .terminal import called, changes_of

_READING = {
    Verdict.PROVED: "for every number of hosts and VMs, under the settings above",
    Verdict.HOLDS: "every reachable state of this scope was visited (of a “possible”: a witness was found)",
    Verdict.SAMPLED: "no violation in so many random steps, or in one told run: not a proof",
    Verdict.REFUTED: "there is a counterexample, and it was replayed step by step",
    Verdict.UNDETERMINED: "time, memory or the scope gave out before there was an answer",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #ffffff; --soft: #5c6b7a; --line: #d9dfe6; --card: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --paper: #14191f; --soft: #9aa8b5; --line: #2d3742; --card: #1c232b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main, header, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
.badge { display: inline-block; padding: .05rem .5rem; border-radius: .8rem; font-size: .78rem; font-weight: 700; color: #fff; }
.PROVED, .HOLDS { background: #2e7d4f; } .SAMPLED { background: #2a6f97; } .REFUTED { background: #b3322f; } .UNDETERMINED { background: #8a6100; }
ol.steps { padding-left: 0; list-style: none; counter-reset: step; }
ol.steps li { counter-increment: step; margin: .5rem 0; padding: .5rem .8rem; background: var(--card); border-left: 4px solid var(--line); border-radius: 4px; }
ol.steps li::before { content: counter(step) ". "; color: var(--soft); }
ol.steps li.fault { border-left-color: #b3322f; }
code, pre { font: .86rem/1.45 ui-monospace, monospace; } pre { background: var(--card); padding: .8rem; overflow-x: auto; }
ul.changes { margin: .2rem 0 0; padding-left: 1.1rem; color: var(--soft); font: .82rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.because { color: #2e7d4f; font-size: .92rem; } @media (prefers-color-scheme: dark) { .because { color: #7cc79c; } }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; flex: 1 1 22rem; }
img { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
figcaption { color: var(--soft); font-size: .85rem; } footer { padding-bottom: 3rem; }
@media print { .REFUTED, .HOLDS, .SAMPLED, .UNDETERMINED, .PROVED { print-color-adjust: exact; } ol.steps li { break-inside: avoid; } }
"""


def to_html(result: Result) -> str:
    """The whole page; nothing in it is loaded from elsewhere."""
    title = escape(f"vmproof {result.command}: {result.model}")
    sections = [
        _verdicts(result),
        _pictures(result),
        _story(result),
        *(_trace(f) for f in result.findings if f.trace is not None and f.verdict is Verdict.REFUTED),
        _graph(result),
        _coverage(result),
        _scope(result),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{_header(result)}\n<main>\n"
        + "\n".join(filter(None, sections))
        + f"\n</main>\n{_footer(result)}\n</body>\n</html>\n"
    )


def _header(result: Result) -> str:
    name = result.scope.get("name")
    what = f"{result.model}, {name}" if name else result.model
    return (
        f"<header><h1>{escape(what)} {_badge(result.verdict)}</h1>"
        f'<p class="soft">vmproof {escape(result.command)}: {escape(_counts(result))}</p></header>'
    )


def _counts(result: Result) -> str:
    parts = [
        f"{result.states:,} states" if result.states is not None else "",
        f"{result.transitions:,} transitions" if result.transitions is not None else "",
        f"{result.depth} levels" if result.depth is not None else "",
        f"seed {result.seed}" if result.seed is not None else "",
        f"{result.seconds:.2f} s",
        f"exit status {result.exit}",
    ]
    return ", ".join(filter(None, parts))


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
    figures = [
        _figure(cluster_picture(view), f"The cluster {view.title}: hosts, roles and copies of VMs")
        for view in views
    ]
    return _section("Before and after", f'<div class="pictures">{"".join(figures)}</div>')


def _figure(png: bytes, caption: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    text = escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _story(result: Result) -> str:
    return _section("What happened", _steps(result.story)) if result.story else ""


def _steps(steps: tuple[Step, ...]) -> str:
    return '<ol class="steps">' + "\n".join(map(_step, steps)) + "</ol>"


def _step(step: Step) -> str:
    who = f' <span class="soft">{escape(step.agent)}</span>' if step.agent else ""
    why = f'<p class="because">because: {escape(step.because)}</p>' if step.because else ""
    changes = "".join(f"<li>{escape(line)}</li>" for line in changes_of(step))
    kind = ' class="fault"' if step.kind == "fault" else ""
    return f'<li{kind}><code>{escape(called(step))}</code>{who}<p>{escape(step.sentence)}</p>{why}<ul class="changes">{changes}</ul></li>'


def _trace(finding: Finding) -> str:
    steps = finding.trace or ()
    program = f"<h3>As a program</h3><pre>{escape(finding.program)}</pre>" if finding.program else ""
    body = f"<p>{escape(finding.sentence)}</p>{_steps(steps)}{program}"
    return _section(f"Counterexample to {finding.property}, {len(steps)} steps", body)


def _graph(result: Result) -> str:
    if result.graph is None:
        return ""
    return _section(
        "State graph",
        _figure(state_graph_picture(result.graph), "Every reachable state of this scope, in layers"),
    )


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
    rows = [[f"<code>{escape(str(key))}</code>", escape(_value(value))] for key, value in pairs]
    notes = "".join(f"<p>Note: {escape(note)}</p>" for note in result.notes)
    return _section("Scope and settings", _table(["name", "value"], rows) + notes)


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _footer(result: Result) -> str:
    return '<footer class="soft"><p>Every counterexample on this page was replayed by the plain reading of the model.</p></footer>'


def write_report(result: Result, folder: Path) -> list[Path]:
    """Write report.json and report.html into the folder (made if it is not there), each whole or not at all.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / "report.json": to_json(result) + "\n", folder / "report.html": to_html(result)}
    for path, text in files.items():
        write_text(path, text)
    return list(files)
