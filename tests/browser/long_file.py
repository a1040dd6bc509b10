"""A file that is too long for a start."""

SEEMS_LONG = """(input, text) => {
    const file = new File([text], "long.csv");
    Object.defineProperty(file, "size", { value: 33 * 1024 * 1024 });
    Object.defineProperty(input, "files", { value: [file], configurable: true });
    input.dispatchEvent(new Event("change"));
}"""
"""Gives an input a file that says to be longer than it is: sending 33 MB would only take time."""
