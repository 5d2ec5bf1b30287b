"""``cleanplate web``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def web(
    folder: Annotated[
        Path | None,
        typer.Option(help="Offer the clips in this folder of this machine to whoever comes."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; any but this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 7860,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CLEANPLATE_TOKEN", help="What others have to know; made up if not given."
        ),
    ] = None,
    max_upload: Annotated[str, typer.Option(help="Of a clip, such as 500M.")] = "2G",
    max_frames: Annotated[int, typer.Option(min=1, help="Of a clip.")] = 3600,
    max_size: Annotated[
        str, typer.Option(help="Of a frame: HxW in pixels, as in 1080x1920; the area counts.")
    ] = "2160x3840",
    keep_hours: Annotated[
        float, typer.Option(min=0.01, help="How long what a visitor left is kept.")
    ] = 24.0,
    sam2: Annotated[
        Path | None,
        typer.Option(help="Folder of weights of SAM 2: objects can be cut out and followed by it."),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Keep to so much memory in a fill, such as 2G.")
    ] = None,
) -> None:
    """Serve a page on which people who write no code point at a thing and have it removed."""
    from cleanplate.cli import options
    from cleanplate.errors import BadInput
    from cleanplate.memory import bytes_of, keep_no_large_blocks

    try:
        from cleanplate.web.server import Settings, serve
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in ("starlette", "uvicorn", "anyio"):
            raise
        raise BadInput(
            "the page needs a web server. Install it: pip install 'cleanplate[web]'"
        ) from None
    from cleanplate.web.limits import Limits

    keep_no_large_blocks()
    height, width = options.size_of(max_size)
    limits = Limits(
        upload=bytes_of(max_upload) or 0,
        frames=max_frames,
        pixels=height * width,
        keep_seconds=3600 * keep_hours,
    )
    bytes_of(memory)
    settings = Settings(host, port, token, folder, memory, sam2, limits)
    serve(settings, ready=lambda address: typer.echo(f"Open {address} - Ctrl-C ends it."))
