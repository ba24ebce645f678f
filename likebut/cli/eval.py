"""`likebut eval`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="See `likebut benchmarks`.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder that holds the official files.")],
    encoder: Annotated[
        str, typer.Option(metavar="NAME", help="See `likebut models`; a hub id or path works too.")
    ] = "",
    composer: Annotated[
        str, typer.Option("--composer", "-c", metavar="NAME", help="See `likebut composers`, or a checkpoint folder.")
    ] = "sum",
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="The composer's own, e.g. alpha=0.6; repeatable.")
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Score vectors made elsewhere; a folder where there are several parts."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results and runs go.")] = Path("results"),
    no_baselines: Annotated[bool, typer.Option("--no-baselines", help="Leave out image_only, text_only, sum.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Score what is there; the result is marked partial.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="For benchmarks that draw their queries.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, metavar="N", help="Pictures per call of the encoder.")] = 64,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Features are kept here; a second composer encodes nothing.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write a page: query by query, failures first.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON object.")] = False,
) -> None:
    """Run a benchmark's protocol; writes a result file and its runs.

    \b
        likebut eval cirr-val --data ~/CIRR --encoder clip-vit-l14 --composer slerp --report cirr.html
        likebut eval cirr-val --data ~/CIRR --vectors mine.npz

    image_only, text_only and sum are scored beside the composer, and what it adds over the better of picture and words
    alone is the composition gap. Pictures are encoded once per encoder, whatever the composer and the benchmark.
    """
    from likebut.benchmarks import run
    from likebut.cli.shared import note, print_json, stages
    from likebut.encoders import load_encoder

    with stages() as progress:
        result = run(
            benchmark,
            data=data,
            encoder=load_encoder(encoder, device=device) if encoder else None,
            composer=None if vectors else composer,
            vectors=vectors,
            baselines=not no_baselines,
            seed=seed,
            cache=cache,
            options=parse_options(option or []),
            skip_bad=skip_bad,
            batch_size=batch_size,
            progress=progress,
            made_by=" ".join(["likebut", *sys.argv[1:]]),
        )
    file = result.save(out)
    if report is not None:
        from likebut.benchmarks.query_report import query_report

        query_report(file, report, data=data)
    if as_json:
        content = {key: value for key, value in vars(result).items() if key != "answers"}
        print_json({**content, "file": file, "report": report})
        return
    show(result)
    note(f"Wrote {file}" + (f" and {report}" if report else ""))


def parse_options(given: list[str]) -> dict[str, object]:
    """`["alpha=0.6", "prompt=plain"]` → numbers where they are numbers, else text. Raises `BadQuery`."""
    from likebut.errors import BadQuery

    options: dict[str, object] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise BadQuery(f"--option {text!r} is not NAME=VALUE, e.g. alpha=0.6")
        try:
            options[name] = float(value) if "." in value or "e" in value else int(value)
        except ValueError:
            options[name] = value
    return options


def show(result: object) -> None:
    """A result as a table: a row per metric, a column per method."""
    from likebut.benchmarks import Result, get_benchmark
    from likebut.cli.shared import console, table
    from likebut.metrics import get_metric

    assert isinstance(result, Result)
    if not result.metrics:
        print(f"{result.benchmark} has no public answers; write the server's file: likebut submit RESULT.json --to DIR")
        return
    protocol = get_benchmark(result.benchmark) if not result.benchmark.startswith("mteb:") else None
    names = [*(protocol.metrics if protocol else ()), *(protocol.derived if protocol else ())] or list(result.metrics)
    others = [name for name in result.baselines if name != result.composer]
    shown = table("metric", result.composer, *others, "gap", right=(result.composer, *others, "gap"))

    def number(name: str, value: float | None) -> str:
        if value is None:
            return ""
        ranks = name in names and "@" not in name and name.endswith("_rank") and not get_metric(name).higher
        return f"{value:.1f}" if ranks else f"{100 * value:.2f}"

    for name in names:
        cells = [result.metrics.get(name), *(result.baselines[other].get(name) for other in others)]
        gap = result.composition_gap.get(name)
        shown.add_row(name, *(number(name, cell) for cell in cells), "" if gap is None else f"{100 * gap:+.2f}")
    console().print(shown)
    seconds = ", ".join(f"{stage} {value:.1f} s" for stage, value in result.seconds.items())
    print(f"{result.benchmark}: {result.n_queries:,} queries, {result.n_gallery:,} pictures; {seconds}")
    if result.partial:
        lost = result.missing.get("pictures", 0)
        print(
            f"PARTIAL: {lost} pictures were missing and {result.skipped} queries left out. Not the benchmark's numbers."
        )
