# Sourced by the scripts: says what this machine lacks, installs it with apt, and
# where apt has it from; and which version a commit is. It changes nothing when
# sourced.

# present PROBE: whether something is here. A probe is a command's name, or
# font, or the name of a Debian package behind a colon.
present() {
	case $1 in
	font) [ -n "$(find /usr/share/fonts /usr/local/share/fonts "${HOME-}/.fonts" -name '*.[to]tf' -print -quit 2>/dev/null)" ] ;;
	:*) dpkg-query -W -f '${Status}' "${1#:}" 2>/dev/null | grep -q 'install ok installed' ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# as_root COMMAND...: runs it as root, through sudo if need be.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo -- "$@"
	else
		sudo -n -- "$@" # nobody is there to type a password
	fi
}

# install_packages PACKAGE...: says what it installs, and does. Gives 1 where it
# cannot, after a line that says how.
install_packages() {
	local how="apt-get install $*"
	if ! command -v apt-get >/dev/null; then
		echo "This machine has no apt-get. Install these by its own means: $*" >&2
		return 1
	fi
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		echo "Not root, and no sudo here; as root, run: apt-get update && $how" >&2
		return 1
	fi
	echo "Installing with apt-get: $*"
	if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null; then
		echo "Updating the package lists did not work; as root, run: apt-get update && $how" >&2
		return 1
	fi
	if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null; then
		echo "Installing did not work; as root, run: $how" >&2
		return 1
	fi
}

# need_go ends the script where there is no Go.
need_go() {
	if ! command -v go >/dev/null && [ -x /usr/local/go/bin/go ]; then
		PATH=$PATH:/usr/local/go/bin
	fi
	if ! command -v go >/dev/null; then
		echo "Go is missing. Install Go 1.26 or newer from https://go.dev/dl/" >&2
		exit 3
	fi
}

# debian_mirror prints where apt has this Debian from, which has the others too.
# Who else offers packages for it has no component main, or a suite of another name.
debian_mirror() {
	local codename uris mirror
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	uris=$(apt-get update --print-uris)
	mirror=$(sed -nE "s,^'(.*)/dists/(${codename:-stable}|stable|oldstable)/main/binary-.*/Packages.*,\1,p" <<<"$uris")
	mirror=${mirror%%$'\n'*}
	case $mirror in
	mirror+file:*) read -r mirror _ <"${mirror#mirror+file:}" ;; # a list of them, as in images for clouds
	esac
	[ -n "$mirror" ] && echo "$mirror"
}

# proxy_settings prints, one NAME=VALUE a line, the proxies that this shell's
# environment names, which sudo takes away, and apt's, which debootstrap does
# not know.
proxy_settings() {
	local name proxy=
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	if [ -n "$proxy" ] && [ "$proxy" != DIRECT ] && [ -z "${http_proxy-}" ]; then
		echo "http_proxy=$proxy"
	fi
	for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
		[ -z "${!name-}" ] || echo "$name=${!name}"
	done
}

# version_of_commit prints one that grows with the commits: 0~20261120.140510.1234567.
version_of_commit() { TZ=UTC git log -1 --date=format-local:%Y%m%d.%H%M%S --format='0~%cd.%h' --abbrev=7; }
