"""Reads the tokens of a query in order."""

from local.cosmos.query.errors import query_error
from local.cosmos.query.lexer import Token, tokens


class TokenReader:
    """The tokens of a text, and a position in them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0

    @property
    def here(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """Takes the next token."""
        token = self.here
        self.at += 1
        return token

    def is_op(self, *texts: str) -> bool:
        """Whether the next token is one of these operators."""
        return self.here.kind == "op" and self.here.text in texts

    def accept(self, text: str) -> bool:
        """Takes the next token where it is this operator, and returns whether it did."""
        found = self.is_op(text)
        self.at += found
        return found

    def accept_word(self, word: str) -> bool:
        """Takes the next token where it is this keyword, and returns whether it did."""
        found = self.here.keyword == word
        self.at += found
        return found

    def expect(self, text: str) -> Token:
        """Takes this operator; raises 400 for any other token."""
        if not self.is_op(text):
            raise self.wrong()
        return self.next()

    def wrong(self) -> Exception:
        """A syntax error at the next token."""
        token = self.here
        near = f"near '{token.text}'" if token.kind != "end" else "at the end of the query"
        return query_error(f"Syntax error, incorrect syntax {near}.", token.start, token.end)
