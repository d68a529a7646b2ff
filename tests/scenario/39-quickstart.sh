# quickstart on a small tree of its own, with packages and tools that are told what to be; and what `make install` is told.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
top=$W/tree
mkdir "$top" "$W/bin" "$top/tests"
cp "$ONCE_TESTS/../quickstart" "$top"
touch "$top/configure.ac" "$top/Makefile.am"

tool() # NAME: a program of that name, from standard input
{
	{ echo '#!/bin/sh'; cat; } >"$W/bin/$1"
	chmod 755 "$W/bin/$1"
}
# Installed is what $W/installed names, one package a line with its version; apt-get adds to it and writes down that it did.
tool dpkg-query <<'TOOL'
shift
case $1 in
*Version*) shift; for p in "$@"; do sed -n "s/^$p /installed $p /p" "$W/installed"; done ;;
*) shift; grep -q "^$1 " "$W/installed" && echo "install ok installed" ;;
esac
TOOL
tool apt-get <<'TOOL'
echo "$*" >>"$W/asked"
[ "$1" = install ] || exit 0
[ ! -e "$W/no-network" ] || exit 100
for p in "$@"; do
	case $p in install | -*) ;; *) echo "$p 1" >>"$W/installed" ;; esac
done
TOOL
tool sudo <<'TOOL'
exec "$@"
TOOL
tool pkg-config <<'TOOL'
cat "$W/modules" 2>/dev/null
TOOL
# As Makefile.am has it: the list is whole, and what runs depends on what configure found.
tool autoreconf <<'TOOL'
echo autoreconf >>"$W/ran"
cat >configure <<'CONFIGURE'
#!/bin/sh
echo "configure $*" >>"$W/ran"
[ "$(cat "$W/broken")" != configure ] || { echo "checking for everything... no"; exit 1; }
shift
prefix=/usr/local units=
for a in "$@"; do
	case $a in --prefix=*) prefix=${a#*=} ;; esac
done
grep -q '^check ' "$W/installed" && units='tests/check_a tests/check_b'
{
	printf '#!/bin/sh\necho "%s"\nexit\n' "$*"
	printf 'S["prefix"]="%s"\nS["units"]="%s"\nD["DATE"]="%s"\n' "$prefix" "$units" "$(date +%N)"
} >config.status
chmod 755 config.status
cat >Makefile <<MAKEFILE
prefix = $prefix
all: object
object:
	[ "\$\$(cat $W/broken)" != compiler ] || { echo "lib/a.c:1: error: no such thing"; exit 1; }
	echo "compile for \$(prefix), with: $units" >>"$W/ran"
	touch object
clean:
	rm -f object
list-tests:
	@echo tests/01-s.sh tests/02-s.sh tests/check_a tests/check_b
list-all:
	@echo tests/01-s.sh tests/02-s.sh tests/check_a tests/check_b
list-quick:
	@echo tests/01-s.sh tests/check_a
check-all: check
check-quick: object
	mkdir -p tests
	for t in tests/01-s tests/check_a; do [ "\$\$t" = "\$\$(cat $W/miss)" ] || { echo ":test-result: \$\$(cat $W/results/\$\$t)" >\$\$t.trs; }; done
check: object
	mkdir -p tests
	printf '0m0.01s 0m0.02s\n1m2.50s 0m3.60s\n' >tests/02-s.took
	for t in tests/01-s tests/02-s $units; do [ "\$\$t" = "\$\$(cat $W/miss)" ] || { echo ":test-result: \$\$(cat $W/results/\$\$t)" >\$\$t.trs; }; done
MAKEFILE
CONFIGURE
chmod 755 configure
touch Makefile.in
TOOL
on_ci=''
run() # ARGS...: quickstart with them
{
	: >"$W/ran"
	: >"$W/asked"
	(cd "$top" && PATH=$W/bin:$PATH && CI=$on_ci && export PATH W CI && ./quickstart "$@")
}
fails() # N DESCRIPTION ARGS...
{
	want=$1 what=$2
	shift 2
	run "$@" >"$W/out" 2>"$W/err" </dev/null
	is "$what" $? "$want"
}
ran() # what of autoreconf, configure and the compiler ran, in a line
{
	sed 's/ .*//' "$W/ran" | tr '\n' ' '
}

results() # RESULT: of every test
{
	for t in tests/01-s tests/02-s tests/check_a tests/check_b; do
		echo "$1" >"$W/results/$t"
	done
}
mkdir -p "$W/results/tests"
results PASS
: >"$W/installed"
: >"$W/miss"
: >"$W/broken"

# ---- usage -------------------------------------------------------------------------------------------------------------------
check "--help is no error" run --help
printed 'quickstart build .*--prefix DIR'
check "... after a job neither" run build --help
printed 'quickstart test'
is "... and nothing was done for it" "$(cat "$W/ran" "$W/asked")" ""
for bad in "" "biuld" "build --perfix=/opt" "demo --prefix=/opt" "build --prefix" "build --prefix=opt" "build --prefix=/o|pt" \
	"test slow" "build quick"; do
	# shellcheck disable=SC2086 # words
	fails 2 "refused: quickstart $bad" $bad
	said usage
	is "... and nothing was done" "$(cat "$W/ran" "$W/asked")" ""
done

# ---- what is installed decides again and again ---------------------------------------------------------------------------------
touch "$W/no-network"
fails 100 "packages that cannot be installed are an error" build
rm "$W/no-network"
check "it builds" run build
said 'installing, with apt-get: .*libfuse3-dev'
said 'making configure'
said 'configuring for the first time'
said 'compiling'
said "built: .*/build/oncestick"
said 'below /usr/local: .*make -C .* install'
is "... from nothing" "$(ran)" "autoreconf configure compile "
check "once more" run build
is "... and nothing had to be made" "$(ran)$(cat "$W/asked")" ""

# The two commands of the README, in its order, where the first leaves Check out.
sed -i '/^check /d' "$W/installed"
cp "$top/quickstart" "$W/kept"
sed "s/zlib1g-dev check'/zlib1g-dev'/; s/^test_packages='/&check /" "$W/kept" >"$top/quickstart"
check "Check is not what a build needs" grep -q "^test_packages='check " "$top/quickstart"
check "built without Check" run build
is "... configured for it" "$(ran)" "configure compile "
check "then tested" run test
is "... configured again, and objects of the other answer are gone" "$(ran)" "configure compile "
printed '^4 passed, 0 failed, 0 skipped$'
cp "$W/kept" "$top/quickstart"

check "a build" run build
sed -i 's/^libcbor-dev .*/libcbor-dev 2/' "$W/installed"
check "a newer library" run build
is "... is compiled for" "$(ran)" "configure compile "
sed -i 's/^jq .*/jq 2/' "$W/installed"
check "a newer tool" run build
is "... is asked for, and nothing compiled" "$(ran)" "configure "
echo 'other  a library that no package brought' >"$W/modules"
check "another module" run build
is "... is asked for" "$(ran)" "configure "
touch "$top/configure.ac"
check "another configure.ac" run build
is "... is made configure of" "$(ran)" "autoreconf configure "
rm "$top/build/configured-in" "$top/build/compiled-for"
check "what was left half-way" run build
is "... is made whole" "$(ran)" "configure compile "

# ---- what fails is told, and is not taken for done ---------------------------------------------------------------------------------
for broken in configure compiler; do
	touch "$top/configure.ac"
	rm -f "$top/build/object"
	echo $broken >"$W/broken"
	fails 1 "a $broken that fails" build
	said "(everything... no|lib/a.c:1: error)"
	fails 1 "... is an error again" test
	no grep -q passed "$W/out" || die "it tested what was not built"
	: >"$W/broken"
	check "... until it does not" run build
	check "and what it made is there" test -e "$top/build/object"
done

on_ci=yes
check "on CI" run build
is "... warnings are errors" "$(grep -c 'configure .*--enable-werror' "$W/ran")" 1
check "... as the last time" run build
is "... and nothing had to be made" "$(ran)" ""
on_ci=''

# ---- a prefix ------------------------------------------------------------------------------------------------------------------
check "for another directory" run build --prefix "$W/opt"
said "configuring again, for $W/opt"
said "below $W/opt:"
is "... compiled again" "$(sed -n 's/^compile for //p' "$W/ran")" "$W/opt, with: tests/check_a tests/check_b"
check "and once more without a word on it" run build
said "below $W/opt:"
is "... it is what it was" "$(ran)" ""

# ---- a count that something holds to -------------------------------------------------------------------------------------------
for miss in tests/check_b tests/02-s; do
	echo "$miss" >"$W/miss"
	fails 1 "a test that does not run, $miss, although the last time it did" test
	printed '^3 passed, 0 failed, 0 skipped, 1 did not run$'
	said "did not run: $miss"
done
: >"$W/miss"
check "all of them ran" run test
printed '^4 passed, 0 failed, 0 skipped$'
said '^ +66 tests/02-s\.sh$'
for bad in FAIL ERROR; do
	echo $bad >"$W/results/tests/check_a"
	echo "what was wrong" >"$top/build/tests/check_a.log"
	fails 1 "a test that ends with $bad" test
	printed '^3 passed, 1 failed, 0 skipped$'
	said "failed: tests/check_a"
	said "what was wrong"
done
results PASS
echo SKIP >"$W/results/tests/02-s"
echo "SKIP: nothing to do it with" >"$top/build/tests/02-s.log"
check "one that is skipped is no failure" run test
printed '^3 passed, 0 failed, 1 skipped$'
said "skipped: tests/02-s.sh: nothing to do it with"
results SKIP
fails 1 "if nothing was tested, nothing passed" test
results PASS

check "the quick ones" run test quick
printed '^2 passed, 0 failed, 0 skipped$'
echo tests/check_a >"$W/miss"
fails 1 "... one of which does not run" test quick
printed '^1 passed, 0 failed, 0 skipped, 1 did not run$'
: >"$W/miss"
sed -i '/^qemu-system-x86 /d; /^clang-tidy /d; /^debootstrap /d' "$W/installed"
check "... without QEMU, clang-tidy, debootstrap" run test quick
is "... and they are not asked for" "$(cat "$W/asked")" ""
check "for all of them" run test
is "... they are" "$(grep -c 'qemu-system-x86.*clang-tidy.*debootstrap' "$W/asked")" 1

check "on other processors, too" run test all
is "... qemu-user is asked for then" "$(grep -c qemu-user-static "$W/asked")" 1

# ---- of the real tree -----------------------------------------------------------------------------------------------------------
(cd "$ONCE_TESTS" && ls unit/check_*.c unit/*/check_*.c scenario/[0-9]*.sh) | sed 's/\.c$//; s|^|tests/|' | sort >"$W/a"
make -s -C "$ONCE_BUILD" list-all | sort >"$W/b" || die "list-all"
nothing "each test that there is is in the list" diff "$W/a" "$W/b"
make -s -C "$ONCE_BUILD" list-tests | sort >"$W/b" || die "list-tests"
is "... and only those of other processors are not in the short one" "$(comm -23 "$W/a" "$W/b")" tests/scenario/44-processors.sh
make -s -C "$ONCE_BUILD" list-quick | sort >"$W/b" || die "list-quick"
(cd "$ONCE_TESTS/.." && grep -lE 'vm/run|in_guest|/analyse"|make.* fuzz|dpkg-buildpackage|debootstrap|/(arch|mutants)"' tests/scenario/[0-9]*.sh) |
	grep -v '/39-quickstart' | sort >"$W/long"
nothing "the quick ones need no guest, no analysis, no package" comm -12 "$W/long" "$W/b"
sort "$W/long" "$W/b" >"$W/both"
nothing "... and are all others" diff "$W/a" "$W/both"

prefix=$(sed -n 's/^prefix = //p' "$ONCE_BUILD/Makefile")
check "installed with a prefix of its own" make -s -C "$ONCE_BUILD" install DESTDIR="$W/dest" prefix=/opt/x
at=$W/dest/opt/x
is "pkg-config is told it" "$(PKG_CONFIG_PATH=$at/lib/pkgconfig pkg-config --variable=includedir liboncestick)" /opt/x/include
is "... and the library's directory" "$(PKG_CONFIG_PATH=$at/lib/pkgconfig pkg-config --variable=libdir liboncestick)" /opt/x/lib
is "the unit starts the program there" "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$at/lib/systemd/user/oncestick-watch.service")" \
	/opt/x/bin/oncestick
is "mount(8)'s helper is that one" "$(realpath "$at/sbin/mount.fuse.oncestick")" "$(realpath "$at/bin/oncestick")"
is "no text that is installed names another" "$(grep -rIlF "$prefix/" "$W/dest" | grep -v /man/)" ""
check "it goes as it came" make -s -C "$ONCE_BUILD" uninstall DESTDIR="$W/dest" prefix=/opt/x
is "... and leaves nothing" "$(find "$W/dest" ! -type d)" ""
finish
