"""The inbox as a page. Everything is escaped, and nothing is loaded from elsewhere."""

from collections.abc import Sequence
from html import escape

from local.dress import DRESS
from local.inbox.store import Mail

STYLE = f"""
{DRESS}
main {{ max-width: 52rem }}
h1 {{ margin-bottom: 1rem }}
article p {{ color: var(--soft); margin: .25rem 0 .75rem }}
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
