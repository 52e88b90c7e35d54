# What ./run and ./test share: checks of the machine, packages, the user, builds. Sourced by bash.

step_number=0
step_count=0  # Set by who sources this.

step() {
    step_number=$((step_number + 1))
    printf '\n[%d/%d] %s\n' "$step_number" "$step_count" "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    [ -z "${2:-}" ] || printf '  try: %s\n' "$2" >&2
    exit 1
}

check_machine() {
    [ "$(id -u)" = 0 ] || die "needs root: it installs packages and makes network namespaces" \
        "sudo ./$(basename "$0")"
    command -v apt-get >/dev/null || die "this is not Debian: apt-get is not here" \
        "Debian 12, on a machine, in a virtual machine, or in a privileged container"
    [ -c /dev/net/tun ] || modprobe tun 2>/dev/null || true
    [ -c /dev/net/tun ] || die "/dev/net/tun is missing: the announcement signals need TUN devices" \
        "modprobe tun   (in a container: --device /dev/net/tun --cap-add NET_ADMIN,SYS_ADMIN)"
    local space
    space=$(df --output=avail -k . | tail -n 1)
    [ "$space" -gt 2000000 ] || die "only $((space / 1024)) MiB are free here; the build needs 2 GiB"
}

# Packages of the kinds named ("build run test") that are not installed yet.
missing_packages() {
    local kind package
    while read -r kind package; do
        case " $* " in *" $kind "*) ;; *) continue ;; esac
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done < <(grep -v '^#' tools/packages.txt)
}

# Installs what is missing. The routing daemons and name servers among it bring services that would
# start, now and at each boot; nobody asked for those, so they are switched off.
install_packages() {
    local missing policy=/usr/sbin/policy-rc.d made_policy=no service
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" = 0 ]; then
        echo "every package is here already"
        return
    fi
    echo "installing ${missing[*]}"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made_policy=yes
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    local log=/var/log/nearcast-setup.log result=0
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "${missing[@]}"; } >"$log" 2>&1 || result=$?
    if [ "$made_policy" = yes ]; then
        rm -f "$policy"
        trap - EXIT
    fi
    if [ "$result" != 0 ]; then
        tail -n 20 "$log" >&2
        die "apt-get could not install them; the whole log is in $log" \
            "look at the end of it, above; is the machine online?"
    fi
    if [ -d /run/systemd/system ]; then
        for service in bird:bird2 frr:frr knot:knot nsd:nsd named:bind9 pdns:pdns-server \
            postgresql:postgresql-15 ddclient:ddclient inadyn:inadyn; do
            case " ${missing[*]} " in
                *" ${service#*:} "*) systemctl disable --quiet "${service%%:*}" 2>/dev/null || true ;;
            esac
        done
    fi
}

# The user that nearcastd runs as.
make_user() {
    id nearcast >/dev/null 2>&1 && return
    adduser --system --group --quiet --no-create-home --home /var/lib/nearcast nearcast
}

# build PRESET [TARGET...]: configures and builds, with ninja's own progress.
build() {
    local preset=$1 log
    shift
    log=build/$preset/configure.log
    mkdir -p "build/$preset"
    cmake --preset "$preset" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "cmake could not configure the $preset build; its log is in $log"
    }
    cmake --build --preset "$preset" ${1:+--target "$@"} ||
        die "the $preset build failed; the compiler's words are above"
}
