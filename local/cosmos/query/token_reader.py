"""A walk over the tokens of a query."""

from local.cosmos.query.errors import query_error
from local.cosmos.query.lexer import Token, tokens


class TokenReader:
    """The tokens of a text and the position reached in them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0

    @property
    def here(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """Take a token."""
        token = self.here
        self.at += 1
        return token

    def is_op(self, *texts: str) -> bool:
        """Whether one of these operators comes next."""
        return self.here.kind == "op" and self.here.text in texts

    def accept(self, text: str) -> bool:
        """Take an operator if it comes next."""
        found = self.is_op(text)
        self.at += found
        return found

    def accept_word(self, word: str) -> bool:
        """Take a keyword if it comes next."""
        found = self.here.keyword == word
        self.at += found
        return found

    def expect(self, text: str) -> Token:
        """Take an operator that has to come next."""
        if not self.is_op(text):
            raise self.wrong()
        return self.next()

    def wrong(self) -> Exception:
        """A syntax error at the next token."""
        token = self.here
        near = f"near '{token.text}'" if token.kind != "end" else "at the end of the query"
        return query_error(f"Syntax error, incorrect syntax {near}.", token.start, token.end)
