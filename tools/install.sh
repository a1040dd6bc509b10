#!/bin/sh
# Makes the virtual environment $1 with the pinned requirements. PYTHON=… chooses the interpreter.
set -eu
venv=$1

fail() {
    echo "$1" >&2
    exit 1
}

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }

choose_python() {
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if supported "$python"; then
            echo "$python"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1) || found="no ${PYTHON:-python3}"
    fail "Outlast needs Python 3.11, 3.12 or 3.13, and here is $found: install one, or name it as in 'make PYTHON=python3.11'."
}

python=$(choose_python)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ -n "${PYTHON:-}" ] || ! supported "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$venv" >"$log" 2>&1 || {
        cat "$log" >&2
        fail "$python could not make a virtual environment; on Debian and Ubuntu its package python3-venv does: apt install python3-venv"
    }
fi

echo "Installing the pinned requirements into $venv ($("$venv/bin/python" --version); some minutes, once; nothing is shown meanwhile) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 2 --require-hashes -r requirements-dev.txt >"$log" 2>&1 || {
    if grep -q -E 'NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|ProxyError|SSLError' "$log"; then
        fail "No package index answered: connect to a network, or name your index as in 'PIP_INDEX_URL=https://… make install'."
    fi
    tail -n 5 "$log" >&2
    fail "pip could not install requirements-dev.txt; its last lines are above."
}
"$venv/bin/uv" pip install --quiet --offline --no-deps --python "$venv" --editable . >"$log" 2>&1 || {
    cat "$log" >&2
    fail "The command 'outlast' could not be installed into $venv; the reason is above."
}
touch "$venv/installed"
