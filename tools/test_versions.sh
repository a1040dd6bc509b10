#!/bin/sh
# Runs the unit tests on each of the Python versions named that is on this machine, in an environment of its own.
set -eu

find_python() {
    for python in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
        if "$python" --version >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
}

for version in "$@"; do
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        echo "Python $version is not on this machine: not tested."
        continue
    fi
    venv=.venv$version
    if [ ! "$venv/installed" -nt requirements-dev.txt ]; then
        PYTHON=$python tools/install.sh "$venv"
    fi
    echo "Unit tests on Python $version:"
    "$venv/bin/python" -m pytest tests/unit
done
