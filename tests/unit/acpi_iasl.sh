#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every ACPI table disassembles to the golden text in tests/data/acpi, and
# compiles again, without a warning or remark, to the same bytes.
#
# Left out of that comparison: bytes 28..35, in which a compiler puts its own
# name and version; the checksum, byte 9; and byte 52 of an x2APIC's MADT, the
# flags of its first entry, whose online-capable bit iasl 20200925 drops.
# Another iasl words some lines differently, so that the text is compared only
# with the one that wrote it.
#
# "acpi_iasl.sh --golden" writes the golden files anew.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=${MK_BUILD:-build}/tests/unit/acpi
golden=tests/data/acpi
writer=20200925
bad=0

if ! command -v iasl >/dev/null; then
	echo "skip - acpi_iasl: iasl is not installed (package acpica-tools)"
	exit 77
fi
if [ ! -x "$program" ]; then
	echo "skip - acpi_iasl: $program is not built"
	exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
"$program" --write "$dir" || exit 1
mkdir "$dir/new"

# The text without the comment on top, which has a date in it.
text() {
	sed '1,/^ \*\/$/d' "$1" | sed '1,/^$/{/^$/d}' |
		sed '/^Raw Table Data/,$d'
}

plain() { # bytes that a recompiled table shares: FILE SKIPPED
	od -An -v -tx1 -w1 "$1" |
		awk -v skip="$2" 'NR != 10 && (NR < 29 || NR > 36) &&
			NR != skip + 1'
}

[ "${1-}" != --golden ] || cp "$dir"/*.bin "$golden/"
for aml in "$dir"/*.aml; do
	name=$(basename "$aml" .aml)
	why=
	iasl -p "$dir/$name" -d "$aml" >"$dir/out" 2>&1 || why="disassembly"
	grep -qiE 'warning|remark|error' "$dir/out" && why="disassembly complains"
	text "$dir/$name.dsl" >"$dir/$name.text"
	[ "${1-}" != --golden ] || cp "$dir/$name.text" "$golden/$name.dsl"
	if iasl -v | grep -q "version $writer"; then
		cmp -s "$dir/$name.text" "$golden/$name.dsl" ||
			why="text differs from $golden/$name.dsl"
	fi
	iasl -p "$dir/new/$name" "$dir/$name.dsl" >"$dir/out" 2>&1 ||
		why="compilation"
	grep -q '0 Errors, 0 Warnings, 0 Remarks' "$dir/out" ||
		why="compilation complains"
	skip=9
	[ "$name" != x2apic-APIC ] || skip=52
	plain "$aml" $skip >"$dir/a"
	plain "$dir/new/$name.aml" $skip >"$dir/b"
	cmp -s "$dir/a" "$dir/b" || why="compiled again it differs"
	if [ -z "$why" ]; then
		echo "ok - iasl $name"
	else
		cat "$dir/out"
		echo "not ok - iasl $name: $why"
		bad=1
	fi
done
exit $bad
