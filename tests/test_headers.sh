#!/bin/sh
# Each public header compiles alone, as C11 and as C++17, with whatever compilers are there;
# and a C++17 program with the whole of Bothy links and runs.
#
# From the build: CC, LIBRARY (libbothy.a), SANITIZERS (flags it was built with).
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror'
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
compiled=0

# Compile each header alone, twice included.
headers() # COMPILER STANDARD LANGUAGE
{
	command -v "$1" >/dev/null || return 0
	for header in "$root"/api/include/bothy/*.h; do
		name=$(basename "$header")
		printf '#include <bothy/%s>\n#include <bothy/%s>\nextern int unused;\n' \
			"$name" "$name" >"$work/one"
		compiled=$((compiled + 1))
		# shellcheck disable=SC2086
		"$1" -std="$2" $warnings -I"$root/api/include" -x "$3" -fsyntax-only "$work/one" || {
			echo "bothy/$name does not compile alone with $1 -std=$2"
			failed=1
		}
	done
}

headers gcc c11 c
headers clang c11 c
headers g++ c++17 c++
headers clang++ c++17 c++
echo "$compiled compilations of headers"
[ "$compiled" -gt 0 ] || failed=1

# The C++ compiler that belongs to the C compiler, for the sanitizers' runtimes are its own.
case $(basename "${CC:-cc}") in
clang*) cxx=clang++ ;;
*) cxx=g++ ;;
esac
if ! command -v "$cxx" >/dev/null; then
	echo "there is no $cxx"
	exit 1
fi

cat >"$work/program.cc" <<'END'
#include <bothy/bothy.h>

#include <cstdio>
#include <cstring>

static int greet(void *arg, void **ret_result)
{
	int error, steps = 0;

	*ret_result = arg;
	steps += std::strcmp(bothy_client_entity(bothy_client_current()), "ann") == 0;
	BOTHY_ISOLATED(&error, nullptr, "bob", "dogs") {
		steps += std::strcmp(bothy_client_entity(bothy_client_current()), "bob") == 0;
	}
	steps += std::strcmp(bothy_client_entity(bothy_client_current()), "ann") == 0;
	return error == 0 && steps == 3 ? 0 : 1;
}

int main()
{
	int arg = 7;
	void *result = nullptr;
	bothy_pool *pool = nullptr;
	bothy_object object;
	bothy_job job{};
	bothy_pool_options options{};

	options.size = sizeof(options);
	options.workers = 2;
	job.size = sizeof(job);
	job.entity = "ann";
	job.project = "cats";
	job.fn = greet;
	job.arg = &arg;
	bothy_object_init(&object);
	if (bothy_pool_new(nullptr, &options, &pool) < 0)
		return 1;
	int code = bothy_run(pool, &job, BOTHY_FOREVER, &result);
	bothy_pool_free(pool);
	bothy_object_fini(&object);
	if (code != 0 || result != &arg) {
		std::printf("the job gave %d\n", code);
		return 1;
	}
	std::puts("a C++17 program ran a job");
	return 0;
}
END
# shellcheck disable=SC2086
"$cxx" -std=c++17 -g $warnings ${SANITIZERS-} -I"$root/api/include" -o "$work/program" \
	"$work/program.cc" "$LIBRARY" -pthread -lm && "$work/program" || failed=1
exit "$failed"
