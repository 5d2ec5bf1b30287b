"""The command ``cleanplate``: one short file a family of commands, no logic.

Exit codes: 0 all is well; 1 done, but something is wrong with the result or the mask; 2 refused,
or what was done cannot be told, with one line that says why; 130 stopped by the user, 143 by the
system, 129 by a terminal that closed. A bug of ours keeps its traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from cleanplate.cli import (
    batch,
    check,
    demo,
    evaluate,
    fill,
    flow,
    mask,
    report,
    study,
    train,
    unblend,
    web,
    weights,
)
from cleanplate.cli.options import STOPPED
from cleanplate.errors import CleanplateError

KILLED = 128  # and the number of the signal: what a shell expects

app = typer.Typer(
    name="cleanplate",
    help="Fill the hole in a video so that nobody would know.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("fill")(fill.fill)
app.command("unblend")(unblend.unblend)
app.command("batch")(batch.batch)
app.command("check")(check.check)
app.command("flow")(flow.flow)
app.command("demo")(demo.demo)
app.command("evaluate")(evaluate.evaluate)
app.command("score")(evaluate.score)
app.command("compare")(report.compare)
app.command("report")(report.report)
app.command("study")(study.study)
app.command("train")(train.train)
app.command("web")(web.web)
app.add_typer(mask.app, name="mask")
app.add_typer(weights.app, name="weights")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cleanplate {version('cleanplate')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    arguments: without the program's name; those of the process by default.
    """
    # Threads of OpenMP that wait would otherwise keep a core from whoever has work: beside any
    # other program a network takes three times as long. Read where PyTorch is imported, later.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    command = typer.main.get_command(app)
    if arguments is None:
        _unwind_when_ended()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = command.main(given or ["--help"], prog_name="cleanplate", standalone_mode=False)
    except CleanplateError as refusal:
        return _refuse(str(refusal))
    except SystemExit as stop:  # by the user or the system, as has been told
        return stop.code if isinstance(stop.code, int) else 1
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except OSError as error:
        if not _is_stdout_lost():
            raise
        why = error.strerror or type(error).__name__
        return _refuse(
            f"the work is done, but stdout cannot be written ({why}). Send it elsewhere."
        )
    except Exception as error:
        # A usage error, by its look: where its class lives differs between versions of typer.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        told = message().rstrip(".")
        return _refuse(f"{told}{'' if told.endswith('?') else '.'} See cleanplate --help.")
    if code == STOPPED:  # some versions of typer turn the interrupt into this code themselves
        print("Stopped; nothing half-written is left.", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _unwind_when_ended() -> None:
    """Leave as by any exit when the system or a closed terminal says so, and not half-way."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no second one
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # by nohup
            signal.signal(number, _terminate)


def _terminate(number: int, frame: object) -> NoReturn:
    """Unwind as for any exit, so that nothing half-written stays."""
    sys.exit(KILLED + number)


def _is_stdout_lost() -> bool:
    """Tell whether stdout takes not even the end of a line; then nothing more is written to it."""
    try:
        print(flush=True)
    except OSError:
        sys.stdout = None  # or Python tries once more at the end, and complains
        return True
    return False


def _refuse(sentence: str) -> int:
    print("Error: " + " ".join(sentence.split()), file=sys.stderr)
    return 2
