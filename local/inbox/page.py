"""The inbox as a page. Everything is escaped, and nothing is loaded from elsewhere."""

from collections.abc import Sequence
from html import escape

from local.inbox.store import Mail

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
article { border-top: 1px solid #8886; padding: 1rem 0 }
h1, h2 { line-height: 1.2; margin: 0 0 .5rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.125rem }
p { margin: 0; opacity: .8 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, monospace }
"""


def page(mails: Sequence[Mail]) -> str:
    """Return the page with all emails, the newest first."""
    articles = "\n".join(_article(mail) for mail in reversed(mails))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Inbox ({len(mails)})</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Inbox</h1>
{articles or "<p>No mail yet. A run that fails sends one.</p>"}
</main>
</body>
</html>
"""


def _article(mail: Mail) -> str:
    received = escape(mail.received)
    return f"""<article>
<h2>{escape(mail.subject)}</h2>
<p>From {escape(mail.sender)} to {escape(", ".join(mail.to))}, <time datetime="{received}">{received}</time></p>
<pre>{escape(mail.text)}</pre>
</article>"""
