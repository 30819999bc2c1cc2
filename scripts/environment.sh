# Makes .venv in the project's root, and the engine in C. Sourced, not run: `environment LOCK`.
#
# Leaves alone what is there: an environment whose stamp has the hash of the lock files, of
# pyproject.toml and of where it lies is used as it is, and an engine that is newer than its
# sources. What builds farmlive is in requirements-build.lock, by hash, so that a build fetches
# nothing. For requirements.lock the machine gets at most python3, venv and pip by apt; the commands
# of developers install a compiler and other programs, too. Each package is installed only where it
# is missing, and named first.

# The system's own tools, which Debian leaves out of the PATH of everyone but root.
PATH=$PATH:/usr/sbin:/sbin

say() { printf '\033[1;32m▸\033[0m %s\n' "$*" >&2; }
fail() { printf '\033[1;31m✗\033[0m %s\n' "$*" >&2; exit 1; }

# Installs Debian packages, after saying so.
apt_install() {
    command -v apt-get >/dev/null || fail "this machine lacks $*; install that, then start again"
    local as=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "this machine lacks $*; as root: apt-get install $*"
        as=(sudo)
    fi
    say "this machine lacks $*: installing by apt"
    "${as[@]}" apt-get update -qq || fail "apt-get update failed; is the network there?"
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "$@" >/dev/null || fail "apt-get install $* failed; see above"
}

# programs NAME:PACKAGE…: installs the packages of those programs that are missing.
programs() {
    local each missing=()
    for each in "$@"; do
        command -v "${each%%:*}" >/dev/null || missing+=("${each#*:}")
    done
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

# Installs PostgreSQL, whose programs Debian keeps out of the PATH.
postgresql() {
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || programs postgres:postgresql
}

# Installs what network namespaces need, with wires that lose and delay; root makes them.
namespaces() { programs ip:iproute2 nft:nftables ethtool:ethtool; }

# Installs a Chromium and a font for what it writes in Chinese: the Chromium that has no window and
# needs half as much, or the whole one where that package is not to be had.
browser() {
    compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' >/dev/null || apt_install fonts-noto-cjk
    if command -v chromium-headless-shell >/dev/null; then return; fi
    if apt-cache show chromium-headless-shell >/dev/null 2>&1 &&
        (apt_install chromium-headless-shell); then return; fi
    command -v chromium >/dev/null || apt_install chromium
}

# The name of a Python of at least 3.11, or nothing.
find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

make_venv() {
    local python version
    python=$(find_python)
    if [ -z "$python" ] && ! command -v python3 >/dev/null; then
        apt_install python3 python3-venv
        python=$(find_python)
    fi
    [ -n "$python" ] || fail "farmlive needs Python 3.11 or newer; found $(python3 -V)"
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        # python3-venv is the system Python's; another one on the PATH has a package of its own.
        if [ "$version" = "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" ]; then
            apt_install python3-venv
        else
            apt_install "python$version-venv"
        fi
    fi
    say "making .venv with $("$python" -V)"
    # Cleared: one whose Python is gone, as after an upgrade of the system, can't be mended.
    "$python" -m venv --clear .venv || fail "$python -m venv .venv failed; see above"
}

# environment LOCK: in the project's root, .venv holds what the lock file lists and farmlive, with
# its engine in C where that can be built. With a second argument what builds it is installed, too.
environment() {
    packages "$1"
    [ $# = 1 ] || compiler
    native_engine
}

# The hash of what an environment of this lock file is made of.
stamp_of() {
    { cat "$1" requirements-build.lock pyproject.toml && pwd -P; } | sha256sum | cut -d' ' -f1
}

# Whether .venv holds what the lock file lists. What developers need includes what a server needs, at
# the same versions, so that either lock file's environment serves for requirements.lock.
has_packages() {
    local stamp
    stamp=$(cat .venv/farmlive.stamp 2>/dev/null) || return 1
    if [ "$stamp" != "$(stamp_of "$1")" ] && [ "$stamp" != "$(stamp_of requirements-dev.lock)" ]; then
        return 1
    fi
    [ -x .venv/bin/farmlive ] && .venv/bin/python -c 'import farmlive' 2>/dev/null
}

packages() {
    local lock=$1
    if has_packages "$lock"; then return; fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
    local pip=(.venv/bin/python -m pip --disable-pip-version-check --require-virtualenv)
    # It says what was installed last and whole: packages of another lock file may replace those.
    rm -f .venv/*.stamp
    say "installing $(grep -c '==' "$lock") packages of $lock from PyPI, a minute or two once"
    # The engine in C is compiled meanwhile, which takes one processor. Modules are compiled when they
    # are first used: a server uses a third of them.
    "${pip[@]}" install -q --no-input --require-hashes -r requirements-build.lock ||
        fail "pip could not install requirements-build.lock; see above"
    "${pip[@]}" install -q --no-deps --no-build-isolation -e . &
    local own=$!
    (
        set -o pipefail
        "${pip[@]}" install --no-compile --progress-bar off --no-input --require-hashes -r "$lock" |
            { grep --line-buffered -o '^Collecting [^ =]*' || true; } |
            awk -v n="$(grep -c '==' "$lock")" '
                { printf "\r\033[K  %d of %d: %s", NR, n, $2 > "/dev/stderr" }
                END { if (NR) print "" > "/dev/stderr" }'
    ) || {
        wait "$own" || true
        fail "pip could not install $lock; see above"
    }
    wait "$own" || fail "pip could not install farmlive; see above"
    stamp_of "$lock" >.venv/farmlive.stamp
}

# Installs Node.js, for what checks and tests web/.
nodejs() {
    programs node:nodejs npm:npm
    node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
        fail "the tools of web/ need Node.js 18 or newer; found $(node --version)"
}

# Installs the tools that check web/, as web/package-lock.json has them, by hash. Only ./scripts/check
# needs them.
web_tools() {
    local lock stamp=web/node_modules/farmlive.stamp
    nodejs
    lock=$(sha256sum web/package-lock.json | cut -d' ' -f1)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$lock" ]; then return; fi
    say "installing Biome and TypeScript from npm"
    # Not by --prefix, which has npm look for the machine's own settings, such as a CA, there.
    (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
        fail "npm could not install web/package-lock.json; see above"
    echo "$lock" >"$stamp"
}

has_compiler() { command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null; }

has_headers() {
    .venv/bin/python -c 'if 1:
        import os, sys, sysconfig
        sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

# Installs what the engine in C is built with.
compiler() {
    local missing=() version
    has_compiler || missing+=(gcc libc6-dev)
    if ! has_headers; then
        version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        missing+=("libpython$version-dev")
    fi
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

# Builds the engine in C beside its sources, where that is possible and they are newer.
native_engine() {
    local folder=src/farmlive/media/engine/native
    local built=$folder/_native.abi3.so
    if ! has_compiler || ! has_headers; then
        [ -e "$built" ] ||
            say "without gcc and Python's headers (python3-dev) media passes through the engine in Python: a third of the viewers a core"
        return 0
    fi
    if [ -e "$built" ] && [ -z "$(find setup.py "$folder"/*/*.[ch] -newer "$built")" ]; then
        return 0
    fi
    say "building the engine in C"
    local pip=(.venv/bin/python -m pip --disable-pip-version-check --require-virtualenv)
    local begun=.venv/farmlive-native.begun
    touch "$begun"
    "${pip[@]}" install -q --no-deps --no-build-isolation -e . || true
    if [ ! "$built" -nt "$begun" ]; then
        rm -f "$built" # it is made of other sources than these
        say "the engine in C can't be built here, so that media passes through the one in Python; ${pip[*]} install -v --no-deps --no-build-isolation -e . tells why"
    fi
}
