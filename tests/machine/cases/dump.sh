# SPDX-License-Identifier: GPL-2.0-only
# Dumps, memory and back-traces: of CPUs that hang with interrupts off, of a
# panic; what is in a dump is read by coretasks, which shares no code with us.
#
# machine: --host 6.1 --have 6.12 --have 7.2 --with build/tests/machine/coretasks

. /lib/verdict.sh

run()
{
	mkctl run box --cpus 2-3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" "$@"
}

cause_is()
{
	[ "$(mkctl show box --json | sed -n 's/.*"cause": *"\([a-z-]*\)".*/\1/p' |
		head -n 1)" = "$1" ]
}

# known FILE NAME...: coretasks reads it to the end and finds these tasks.
known()
{
	coretasks "$1" >/tmp/tasks || { tail -n 1 /tmp/tasks; return 1; }
	shift
	for each in "$@"; do
		grep -qE "^task [0-9]+ $each\$" /tmp/tasks || {
			echo "no $each among $(grep -c ^task /tmp/tasks) tasks"
			return 1
		}
	done
}

hangs()
{
	[ "$(grep -c 'mkt_hostile\]' /tmp/trace)" -ge 2 ]
}

for rel in $MK_HAVE; do
	run --cmdline "mk.insmod=mkt_hostile mk.params=what=lockup,after_ms=3000"
	come_up "$rel: all its CPUs hang" box "mkt_hostile: lockup" 60
	sleep 1
	check "$rel: back-trace of all" sh -c 'mkctl backtrace box >/tmp/trace'
	check "$rel: both from where they hang" hangs
	refuse "$rel: no dump while it runs" 1 "it runs.*--live" \
		mkctl dump box -o /tmp/core
	check "$rel: live" mkctl dump box -o /tmp/core --live
	check "$rel: tasks in it" known /tmp/core swapper/0 init kthreadd \
		mkt_hostile
	equal "$rel: its release in it" "$(cat "/kernels/$rel/release" \
		2>/dev/null || mkctl show box --json |
		sed -n 's/.*"release": *"\(.*\)".*/\1/p' | head -n 1)" \
		"$(sed -n 's/^release //p' /tmp/tasks)"
	equal "$rel: registers of both, in the module" 2 \
		"$(grep -c '^cpu . rip=ffffffffc' /tmp/tasks)"
	check "$rel: kill" mkctl kill box
	rm /tmp/core
	check "$rel: dead" mkctl dump box -o /tmp/core
	check "$rel: tasks in it" known /tmp/core swapper/0 init kthreadd \
		mkt_hostile
	rm /tmp/core
	[ "$rel" = "${MK_HAVE##* }" ] || check "$rel: delete" mkctl delete box
done

# The last one: its memory, byte by byte.
base=$(mkctl show box --json | sed -n 's/.*"memory_base": *\([0-9]*\).*/\1/p')
middle=$((base + (128 << 20)))
check "dump" mkctl dump box -o /tmp/core
data=$(($(wc -c </tmp/core) - (256 << 20)))
# piece OFFSET: 4 KiB of the memory, as the dump has them.
piece()
{
	dd if=/tmp/core bs=4096 skip=$((($1 + data) / 4096)) count=1 2>/dev/null
}
for offset in 0 16777216 134217728 268431360; do
	mkctl memory read box $((base + offset)) 4K --raw >/tmp/piece
	piece $offset >/tmp/piece.core
	check "as in the dump at $offset" cmp /tmp/piece /tmp/piece.core
done
check "a pattern is written" sh -c \
	"echo 'a marker of 28 bytes, no less' | mkctl memory write box $middle"
equal "and read" "a marker of 28 bytes, no less" \
	"$(mkctl memory read box $middle 29 --raw)"
mkctl memory read box $middle 40 >/tmp/hex
check "as text" grep -q '|a marker of 28 b|' /tmp/hex
piece 134217728 >/tmp/piece
check "the dump has what was there before" sh -c '! grep -q marker /tmp/piece'
check "the kernel's text, by its virtual address" sh -c \
	'mkctl memory read box 0xffffffff81000000 64 | head -n 1 |
		grep -q "^ffffffff81000000  "'
refuse "behind the end" 1 "are not all in its memory, 0x[0-9a-f]+ to 0x" \
	mkctl memory read box $((base + (256 << 20) - 8)) 9
refuse "before the start" 1 "are not all in its memory" \
	mkctl memory read box $((base - 1)) 1
refuse "low memory" 1 "are not all in its memory" mkctl memory read box 4K
refuse "virtual, not mapped" 1 "is not mapped by the kernel" \
	mkctl memory read box 0xfffff00000000000
refuse "virtual, absurd" 1 "not mapped|no address" \
	mkctl memory read box 0x1000 --virtual
refuse "nothing to write" 1 "nothing to write" \
	mkctl memory write box $middle /dev/null

# What goes wrong with files.
refuse "not over a file" 1 "is there already: --force" \
	mkctl dump box -o /tmp/core
check "but with --force" mkctl dump box -o /tmp/core --force
refuse "not over a device" 1 "not a regular file" \
	mkctl dump box -o /dev/null --force
mkdir -p /small
mount -t tmpfs -o size=8m small /small
refuse "a full disk" 1 "cannot write /small/core.part.*No space left" \
	mkctl dump box -o /small/core
equal "leaves nothing" "" "$(ls /small)"
mkctl dump box -o /tmp/cut --compress 2>/tmp/words &
dumper=$!
eventually "it has begun" 10 test -s /tmp/cut.part
kill -TERM $dumper
status=0
wait $dumper || status=$?
equal "a signal ends it" 1 $status
check "which it says" grep -q interrupted /tmp/words
equal "and leaves nothing" "" "$(ls /tmp/cut* 2>/dev/null)"
check "delete" mkctl delete box
check "never started" sh -c 'mkctl create box --cpus 3 --memory 32M'
refuse "has nothing to dump" 1 "nothing to dump" mkctl dump box -o /tmp/x
refuse "and no back-trace" 3 "" mkctl backtrace box
check "delete" mkctl delete box

# A panic, with KASLR.
run --kaslr --cmdline "mk.do=panic" || not_ok "run with KASLR"
refuse "writing while it runs" 1 "it runs.*--force" \
	mkctl memory write box $middle /tmp/hex
eventually "it panics" 60 cause_is panic
check "dump of a panic" mkctl dump box -o /tmp/core --force
check "tasks in it" known /tmp/core swapper/0 init kthreadd
check "and the registers of a CPU" grep -qE '^cpu 0 rip=ffffffff' /tmp/tasks
mkctl backtrace box >/tmp/trace || true
check "where it panicked" grep -qE '#[0-9]+ v?panic\+' /tmp/trace
check "as JSON" sh -c 'mkctl backtrace box --json >/tmp/json || [ $? = 3 ] &&
	grep -q "\"status\": \"before\"" /tmp/json'
check "compressed" mkctl dump box -o /tmp/kdump --compress
check "smaller" test "$(wc -c </tmp/kdump)" -lt $((64 << 20))
check "marked as such" sh -c '[ "$(head -c 8 /tmp/kdump)" = "KDUMP   " ]'
check "delete" mkctl delete box
check "ledger" mkctl fsck
