#!/usr/bin/env bash
# Makes .venv ready: scripts/setup.sh run|dev [--force] [--locked]
#   run   what the dashboard needs
#   dev   also the tests, the checks and a browser for them
# --locked, or LOCKED=1, installs exactly the versions of requirements.lock-*.txt, each checked by its hash.
# fastdup has builds for Python 3.11 and 3.12 only: beside a newer Python it gets an environment of its own, .venv/fastdup,
# where there is one of these, unless SEGDETECT_FASTDUP_PYTHON names a Python that has it.
# A ready environment is recognised by a stamp, so a second call ends at once. PYTHON=... names the Python to use.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

mode=${1:-run}
force= locked=${LOCKED:-}
for option in "${@:2}"; do
    case $option in
        --force) force=1 ;;
        --locked) locked=1 ;;
        *) mode= ;;
    esac
done
venv=.venv
fastdup=$venv/fastdup
log=$venv/setup.log

say() { printf '%s\n' "$*" >&2; }
die() { say "segdetect: $*"; exit 1; }

# True if $1 starts and is new enough: pyenv leaves commands behind that only print an error.
usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }
can_make_pip() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

# Every usable Python under one of these names, each on a line.
usable_among() {
    local name path
    for name in "$@"; do
        while read -r path; do
            if usable "$path"; then printf '%s\n' "$path"; fi
        done < <(type -ap "$name")
    done
}

# The first line that can make a full environment, else the first line.
best_of() {
    local path first=
    while read -r path; do
        first=${first:-$path}
        if can_make_pip "$path"; then printf '%s\n' "$path"; return; fi
    done
    if [ -n "$first" ]; then printf '%s\n' "$first"; fi
}

# 3.12 and 3.11 come first because fastdup has builds for them only, and one environment is smaller than two.
choose_python() {
    local path
    if [ -n "${PYTHON:-}" ]; then
        path=$(type -P "$PYTHON") || die "there is no '$PYTHON'. Name a Python 3.11 or later: make run PYTHON=/path/to/python3.12"
        usable "$path" || die "'$PYTHON' does not start or is older than Python 3.11. Use Python 3.11 or later (the fastdup engine needs 3.11 or 3.12)."
        printf '%s\n' "$path"
        return
    fi
    path=$(usable_among python3.12 python3.11 | best_of)
    [ -n "$path" ] || path=$(usable_among python3.13 python3.14 python3 python | best_of)
    [ -n "$path" ] || die "Python 3.11 or later is needed (the fastdup engine needs 3.11 or 3.12); found $(python3 --version 2>/dev/null || echo none). Install one, or name it: make run PYTHON=/path/to/python3.12"
    printf '%s\n' "$path"
}

# A name for everything the environment was made from: the Python, the place, the requirements.
state() {
    "$venv/bin/python" - "$@" <<'PY'
import hashlib, pathlib, sys
parts = [sys.version, sys.base_prefix, sys.prefix, *(pathlib.Path(name).read_text() for name in sys.argv[1:])]
print(hashlib.sha256("\0".join(parts).encode()).hexdigest())
PY
}

has_apt_as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
    say "Installing $* with apt ..."
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } >/dev/null 2>&1
}

# Debian keeps pip's wheel in a package that anyone may download and unpack.
pip_from_debian_package() {
    local scratch wheel status=1
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    scratch=$(mktemp -d)
    if (cd "$scratch" && apt-get download -q python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb .) >/dev/null 2>&1; then
        for wheel in "$scratch"/usr/share/python-wheels/pip-*.whl; do
            if "$venv/bin/python" "$wheel/pip" install -q --no-index --force-reinstall "$wheel" >/dev/null 2>&1; then status=0; fi
        done
    fi
    rm -rf "$scratch"
    return $status
}

# Debian's Python comes without ensurepip; these are the ways around that need no administrator.
make_venv_without_ensurepip() {
    local python=$1
    if "$python" -m virtualenv --clear -q "$venv" >/dev/null 2>&1; then return; fi
    "$python" -m venv --clear --without-pip "$venv" >/dev/null 2>&1 || return 1
    if "$python" -m pip --python "$venv/bin/python" install -q pip >/dev/null 2>&1; then return; fi
    pip_from_debian_package
}

make_venv() {
    local python=$1 version package
    version=$(version_of "$python")
    package=python$version-venv
    say "Creating $venv with Python $version ($python) ..."
    if ! can_make_pip "$python" && has_apt_as_root; then
        apt_install "$package" || apt_install python3-venv || true
    fi
    if can_make_pip "$python"; then
        "$python" -m venv --clear "$venv" || die "could not create $venv. Check that this folder can be written and that the disk is not full."
    else
        make_venv_without_ensurepip "$python" ||
            { rm -rf "$venv"; die "Python $version here cannot create environments. Type: sudo apt install $package"; }
    fi
}

venv_works() { usable "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }

# With PYTHON=... the environment must be of that very Python; otherwise one that works is kept.
is_of_chosen_python() { [ -z "${PYTHON:-}" ] || [ "$(origin "$PYTHON")" = "$(origin "$venv/bin/python")" ]; }
origin() { "$1" -c 'import sys; print(sys.version, sys.base_prefix)'; }

# Installs the given requirements files, showing the larger downloads; the rest goes to the log.
pip_install() { pip_with "$venv" "$@"; }

# The same in another environment, which needs no pip: the first one's does it.
pip_with() {
    local place=$1 file pip=("$venv/bin/python" -m pip) options=()
    shift
    if [ "$place" != "$venv" ]; then pip+=(--python "$place/bin/python") options+=(--upgrade); fi
    for file in "$@"; do options+=(-r "$file"); done
    say "Installing $* ..."
    "${pip[@]}" install --prefer-binary --progress-bar off "${options[@]}" 2>&1 |
        tee -a "$log" | sed -nu 's|^ *Downloading \([^/ ]*\) \((.* MB)\)$|  \1 \2|p' >&2
}

explain_failure() {
    grep -E '^ERROR' "$log" | tail -n 3 >&2 || tail -n 5 "$log" >&2
    die "the installation failed; the full account is in $log. Check the network connection and the free disk space, then try again."
}

lock_file() { printf 'requirements.lock-%s.txt\n' "$(version_of "$venv/bin/python")"; }

# The index drops old versions of fastdup, and the rest works without it.
lacks_fastdup() { grep -qE '^ERROR: .*(No matching distribution found for|satisfies the requirement) fastdup' "$log"; }

install_locked() {
    local lock without=$venv/requirements-without-fastdup.txt
    lock=$(lock_file)
    [ -f "$lock" ] || die "there is no $lock. Use Python 3.11 to 3.14, or leave LOCKED out."
    export PIP_REQUIRE_HASHES=1
    pip_install "$lock" && return
    lacks_fastdup || explain_failure
    awk '/^[^ #]/ { skip = /^fastdup==/ } !skip' "$lock" >"$without"
    say "Note: the locked version of fastdup has left the package index; going on without that engine."
    pip_install "$without" || explain_failure
}

# Sets `base` to the file that could be installed: the index drops old versions of fastdup, and the rest works without it.
install_base() {
    base=requirements.txt
    pip_install "$base" && return
    lacks_fastdup || explain_failure
    base=$venv/requirements-without-fastdup.txt
    grep -v '^fastdup' requirements.txt >"$base"
    say "Note: fastdup cannot be installed here; going on without that engine."
    pip_install "$base" || explain_failure
}

# True where fastdup has builds for this machine, but none for the Python of the environment.
needs_own_python() {
    case $(uname -s)-$(uname -m) in Linux-x86_64 | Darwin-arm64) ;; *) return 1 ;; esac
    "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 13))'
}

is_for_fastdup() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' >/dev/null 2>&1; }

has_fastdup() { "$fastdup/bin/python" -Ic 'import importlib.util as u, sys; sys.exit(not u.find_spec("fastdup"))'; }

make_fastdup_environment() {
    local python
    if is_for_fastdup "$fastdup/bin/python"; then return; fi
    python=$(usable_among python3.12 python3.11)
    python=${python%%$'\n'*}
    if [ -z "$python" ]; then
        say "Note: fastdup needs Python 3.11 or 3.12, and there is none beside this one; going on without that engine (install one, then: make setup)."
        return 1
    fi
    say "Creating $fastdup with Python $(version_of "$python") ($python) for the fastdup engine, which has no builds for $(version_of "$venv/bin/python") ..."
    "$python" -m venv --clear --without-pip "$fastdup" >>"$log" 2>&1 && return
    say "Note: it cannot be made (see $log); going on without that engine (make setup tries again)."
    rm -rf "$fastdup"
    return 1
}

# fastdup in an environment of its own, where the dashboard's Python is too new for it; the rest works without.
install_fastdup_apart() {
    local file=requirements-fastdup.txt
    needs_own_python || return 0
    [ -z "${SEGDETECT_FASTDUP_PYTHON:-}" ] || return 0
    make_fastdup_environment || return 0
    if [ -n "$locked" ]; then file=requirements-fastdup.lock-$(version_of "$fastdup/bin/python").txt; fi
    pip_with "$fastdup" "$file" && return
    if [ -z "$locked" ] && has_fastdup; then return; fi  # only a newer one could not be had
    say "Note: fastdup cannot be installed in $fastdup (see $log); going on without that engine (make setup tries again)."
    rm -rf "$fastdup"
}

install_all() {
    rm -f "$venv"/.ready-*
    : >"$log"
    if [ -n "$locked" ]; then install_locked; else install_newest; fi
    install_fastdup_apart
}

# All at once, which looks for versions but once; step by step where that fails, for what goes without the rest.
install_newest() {
    local files=(requirements.txt requirements-dinov2.txt)
    if [ "$mode" = dev ]; then files+=(requirements-dev.txt); fi
    pip_install "${files[@]}" && return
    install_base
    files=("$base")
    if pip_install "${files[@]}" requirements-dinov2.txt; then
        files+=(requirements-dinov2.txt)
    else
        say "Note: requirements-dinov2.txt cannot be installed here; going on without the dinov2 engine (make setup tries again)."
    fi
    if [ "$mode" = dev ]; then
        pip_install "${files[@]}" requirements-dev.txt || explain_failure
    fi
}

# Written last and in one step, so that an interrupted installation leaves none.
stamp() {
    local name=$1
    shift
    state "$@" >"$venv/.stamp.part"
    mv "$venv/.stamp.part" "$venv/.ready-$name"
}

# What the environments are made from.
choose_files() {
    run_files=(requirements.txt requirements-dinov2.txt)
    local apart=(requirements-fastdup.txt)
    if usable "$venv/bin/python"; then
        if [ -n "$locked" ]; then
            run_files=("$(lock_file)")
            apart=(requirements-fastdup.lock-*.txt)
        fi
        if needs_own_python; then run_files+=("${apart[@]}"); fi
    fi
    dev_files=("${run_files[@]}" requirements-dev.txt)
}

is_ready() {
    choose_files
    local files=("${run_files[@]}")
    [ "$mode" = run ] || files=("${dev_files[@]}")
    [ -z "$force" ] && [ -f "$venv/.ready-$mode" ] && usable "$venv/bin/python" && is_of_chosen_python &&
        { [ ! -e "$fastdup" ] || usable "$fastdup/bin/python"; } &&
        [ "$(cat "$venv/.ready-$mode")" = "$(state "${files[@]}")" ]
}

[ "$mode" = run ] || [ "$mode" = dev ] || die "use: scripts/setup.sh run|dev [--force] [--locked]"
[ "$mode" = run ] || locked=  # what the tests need is not locked
trap 'exit 130' INT TERM

# Two setups at once would spoil each other: the second waits.
if command -v flock >/dev/null; then exec 9<scripts/setup.sh; flock 9; fi

python=
if [ -n "${PYTHON:-}" ]; then python=$(choose_python); fi
if ! is_ready; then
    if [ -z "$python" ] && ! venv_works; then python=$(choose_python); fi
    { venv_works && is_of_chosen_python; } || make_venv "$python"
    choose_files
    install_all
    stamp run "${run_files[@]}"
    if [ "$mode" = dev ]; then stamp dev "${dev_files[@]}"; fi
fi
