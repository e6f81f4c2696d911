#!/bin/sh
# setup.sh RUSTUP_TARGET_INSTALLED PACKAGE...: makes sure the packages are there.
#
# With rustup's target the compiler packages are not needed, only the emulator. As root the missing
# ones are installed; otherwise they are named, and nothing else happens.
set -eu
rustup_target=$1
shift
missing=
for package in "$@"; do
    case $package in
        qemu-system-arm) command -v qemu-system-arm >/dev/null 2>&1 && continue ;;
        *) [ "$rustup_target" = yes ] && continue ;;
    esac
    [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] && continue
    missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages:$missing" >&2
    echo "run: sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# A newer emulator where the system's own sources offer one.
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case $missing in
    *qemu-system-arm*)
        if apt-cache policy qemu-system-arm | grep -q "$release-backports"; then
            apt-get install -y -qq --no-install-recommends -t "$release-backports" qemu-system-arm
        fi ;;
esac
# shellcheck disable=SC2086 # a list of packages
apt-get install -y -qq --no-install-recommends $missing
