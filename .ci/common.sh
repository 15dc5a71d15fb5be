# What ./check, ./quickstart and .ci/run share.
# shellcheck shell=sh

# Run a command as root.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "neither root nor sudo: can't run: $*" >&2
		return 1
	fi
}

# Install those Debian packages that are missing.
install_missing() # PACKAGE...
{
	missing=
	for package in "$@"; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null |
			grep -q ' installed$' || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0

	echo "Installing:$missing"
	# shellcheck disable=SC2086
	said=$({
		as_root apt-get -qq -o DPkg::Lock::Timeout=300 update &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
				-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
				install --no-install-recommends $missing
	} 2>&1 </dev/null) && return 0
	printf '%s\n' "$said" >&2
	cat >&2 <<-END

		These Debian packages are missing and could not be installed:

		   $missing

		Install them, and run this again.
	END
	return 1
}

# Configure the checkout ROOT and build it in its folder DIR; what the compiler says is shown
# on failure.
build() # ROOT DIR [CMAKE-OPTION...]
{
	directory=$1/$2
	echo "Building in $2 ..."
	mkdir -p "$directory"
	(
		source=$1
		shift 2
		cmake -S "$source" -B "$directory" "$@" &&
			cmake --build "$directory" -j "$(nproc)"
	) >"$directory/build.log" 2>&1 </dev/null && return 0
	tail -n 60 "$directory/build.log" >&2
	echo "The build failed; all of it is in $directory/build.log" >&2
	return 1
}
