# Sourced by run and test: says what this machine lacks, and installs it with
# apt. It changes nothing when sourced.

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
