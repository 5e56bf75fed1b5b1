"""Python in a page: run when the page is built, shown with what it printed."""

from __future__ import annotations

import contextlib
import io
import textwrap
from collections.abc import Callable
from html import escape
from typing import Any

from markupsafe import Markup


class Snippets:
    """Pieces of one program, in the order of the page; names stay from one to the next."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}

    def run(self, caller: Callable[[], str]) -> Markup:
        """Run a piece; return it and its output as HTML.

        Args:
            caller: gives the piece: the inside of a ``{% call run() %}`` in the template.

        Raises:
            Exception: whatever the piece raises: a page with a broken example is not built.
        """
        source = textwrap.dedent(str(caller())).strip("\n")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "<guide>", "exec"), self._names)
        output = printed.getvalue().rstrip("\n")
        shown = f'<pre class="code" tabindex="0"><code>{escape(source)}</code></pre>'
        if output:
            shown += f'<pre class="output" tabindex="0"><samp>{escape(output)}</samp></pre>'
        return Markup(f'<div class="snippet">{shown}</div>')
