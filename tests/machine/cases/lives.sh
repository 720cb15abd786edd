# SPDX-License-Identifier: GPL-2.0-only
# Logs of earlier lives, followed through restarts; events; one order of time.
#
# machine: --devices --host 6.1 --have 6.12

. /lib/verdict.sh
. /lib/devices.sh

# json_line KEY: its values in the JSON lines that come in.
json_line()
{
	sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

SPAWN_CPUS=3
SPAWN_MEMORY=256M

# A stream of numbered lines in each life, without a pause; the marker is what
# tells lives apart. The spawn's agent ends it when asked.
mkdir -p /tmp/case
cat >/tmp/case/case.sh <<'END'
life=$(cat /proc/sys/kernel/random/boot_id)
i=0
while [ $i -lt 400 ]; do
	i=$((i + 1))
	echo "<6>marker $life $i end" >/dev/kmsg
done
echo "<6>stream ends $life" >/dev/kmsg
i=0
while :; do
	i=$((i + 1))
	echo "<6>slow $life $i end" >/dev/kmsg
	usleep 50000
done
END

# ended NAME LIFE: is the stream's end in the log, and its time past? That of a
# spawn's line is late by what its agent's hello needed to be seen, which on a
# busy machine is no constant. There, too, a spawn may have no timer (come_up in
# verdict.sh), and say little more: no reason to wait for that.
ended()
{
	ended_now=$(cut -d ' ' -f 1 /proc/uptime)
	mkctl log --all |
		sed -n "s|^\[ *\([0-9.]*\)\] $1/$2: stream ends .*|\1|p" |
		awk -v now="$ended_now" '{ past = $1 + 0.5 < now }
			END { exit !past }'
}

# has FILE TEXT: a line with it?
has()
{
	grep -qF -e "$2" "$1"
}

# text_of: the lines of a log without what stands in front of them.
text_of()
{
	sed 's/^\[[^]]*\] //'
}

timeout 500 mkctl events --follow --json >/tmp/events 2>&1 &
events=$!
timeout 500 mkctl log --all --follow >/tmp/all 2>&1 &
all=$!
check "life 1: run" spawn blue "" --wait 90
timeout 500 mkctl log blue -ff >/tmp/follow 2>/tmp/words &
follow=$!
eventually "life 1: its stream is there" 60 ended blue 1
echo "<6>host moment 1" >/dev/kmsg
# The log grows while it is ended, and it is started again at once.
check "life 1: killed" mkctl kill blue
mkctl log blue >/tmp/life1
check "life 2: start" mkctl start blue --wait 90
eventually "life 2: its stream is there" 60 ended blue 2
echo "<6>host moment 2" >/dev/kmsg
end=poweroff
if said blue 'disabling apic timer'; then
	echo "# life 2 has no timer to power off with: killed"
	end=killed
	check "life 2: killed" mkctl kill blue
else
	check "life 2: stopped" mkctl stop blue --timeout 90
fi
mkctl log blue >/tmp/life2
check "life 3: start" mkctl start blue --wait 90
eventually "life 3: its stream is there" 60 ended blue 3
echo "<6>host moment 3" >/dev/kmsg
check "life 3: killed" mkctl kill blue

check "life 1 is kept as it was" sh -c \
	'mkctl log blue --life 1 | cmp - /tmp/life1'
check "life 2 is kept as it was" sh -c \
	'mkctl log blue --life 2 | cmp - /tmp/life2'
mkctl log blue >/tmp/life3
check "life 3 is the present one" sh -c \
	'mkctl log blue --life 3 | cmp - /tmp/life3'
# Whoever follows may be slow, and what is deleted is gone.
eventually "the log is followed to its end" 60 \
	has /tmp/follow "$(tail -n 1 /tmp/life3)"
eventually "that of all, too" 60 has /tmp/all 'host moment 3'
eventually "and the events" 60 has /tmp/events '"life":3,"state":"stopped"'

mkctl log --all >/tmp/once
check "times never go back" sh -c \
	"sed -n 's/^\[ *\([0-9.]*\)\].*/\1/p' /tmp/once | sort -n -c"
equal "and each log is there" "blue/1 blue/2 blue/3 host " \
	"$(sed -n 's/^\[ *[0-9.]*\]~* \([a-z/0-9]*\): .*/\1/p' /tmp/once |
		sort -u | tr '\n' ' ')"

cat - /tmp/life1 >/tmp/wanted <<'END'
--- life 1 ---
END
{
	echo "--- life 2 ---"
	cat /tmp/life2
	echo "--- life 3 ---"
	cat /tmp/life3
} >/tmp/rest
cat /tmp/rest >>/tmp/wanted
check "--life all is all of them" sh -c \
	'mkctl log blue --life all | cmp - /tmp/wanted'
equal "--life list" \
	"1 stopped killed saved 2 stopped $end saved 3 stopped killed memory " \
	"$(mkctl log blue --life list |
		awk 'NR > 1 { printf "%s %s %s %s ", $1, $4, $5, $6 }')"
equal "--life list --json" "1 2 3 " \
	"$(mkctl log blue --life list --json | json_line life | tr '\n' ' ')"
equal "each line of JSON says its life" "1 2 3 " \
	"$(mkctl log blue --life all --json | json_line life | uniq | tr '\n' ' ')"
refuse "a life that never was" 1 "life 7 is not kept" \
	mkctl log blue --life 7
equal "only root can look" "700 600" \
	"$(stat -c %a /run/multikernel/blue/lives /run/multikernel/blue/lives/1 |
		tr '\n' ' ' | sed 's/ $//')"

# What a stranger wrote there.
echo "nonsense" >/run/multikernel/blue/lives/1
refuse "nonsense is told" 1 "no log of a life" mkctl log blue --life 1
head -n 20 /run/multikernel/blue/lives/2 >/tmp/cut
printf %s "$(cat /tmp/cut)" >/run/multikernel/blue/lives/2
refuse "what is cut short is told" 1 "line 20 of the saved log is damaged" \
	mkctl log blue --life 2

check "unload keeps the log" sh -c \
	'mkctl unload blue && mkctl log blue --life 3 | cmp - /tmp/life3'
refuse "and has none of its own" 1 "life list" mkctl log blue
check "delete" mkctl delete blue
check "the lives are gone with it" sh -c '! [ -e /run/multikernel/blue ]'
status=0
wait $follow || status=$?
equal "following ends with the instance" 0 $status
check "and says so" grep -q "it was deleted" /tmp/words
cat /tmp/life1 /tmp/rest | cmp - /tmp/follow >/tmp/verdict 2>&1 &&
	ok "what was followed is all lives, each line once" ||
	{
		not_ok "what was followed is all lives, each line once"
		cat /tmp/life1 /tmp/rest | diff - /tmp/follow >/tmp/verdict ||
			:
		detail /tmp/verdict
	}
equal "each marker once" "1200 0" \
	"$(grep -o 'marker [^ ]* [0-9]* end' /tmp/follow | sort | uniq -c |
		awk '$1 > 1 { twice++ } { n++ } END { print n, twice + 0 }')"

eventually "the last event is seen" 60 has /tmp/events '"deleted"'
kill $events $all
wait $events $all || :
equal "events, exactly" \
	"created loaded running stopped running stopped running stopped created deleted" \
	"$(sed -n 's/.*"kind":"\([a-z]*\)".*"state":"\([a-z]*\)".*/\1 \2/p' \
		/tmp/events | sed 's/^state //; s/^\(created\|deleted\) .*/\1/' |
		tr '\n' ' ' | sed 's/ $//')"
equal "their numbers go up by one" "1 2 3 4 5 6 7 8 9 10" \
	"$(json_line seq </tmp/events | tr '\n' ' ' | sed 's/ $//')"
last='"life":1,"state":"stopped","cause":"killed"'
check "the last line stands with an end" has /tmp/events \
	"$last,\"line\":\"$(tail -n 1 /tmp/life1 | text_of)\""
check "once and followed are the same events" sh -c \
	'mkctl events --json | wc -l | grep -qx "$(wc -l </tmp/events)"'

# Host's moments lie between what the spawn had said before and said later.
grep -E 'host moment|stream ends|marker [^ ]* 1 end' /tmp/all |
	sed 's/^\[ *\([0-9.]*\)\]\(~*\) \([a-z/0-9]*\): /\3 \1 /' \
	>/tmp/moments
equal "one order of time" "blue/1 blue/1 host blue/2 blue/2 host blue/3 blue/3 host " \
	"$(awk '{ printf "%s ", $1 }' /tmp/moments)"
detail /tmp/moments
for life in 1 2 3; do
	text_of </tmp/life$life >/tmp/wanted
	check "life $life is whole among all" sh -c \
		"sed -n 's|^\[[^]]*\]~* blue/$life: ||p' /tmp/all |
			cmp - /tmp/wanted"
done
echo "# the host's log: $(mkctl log --all -v 2>&1 >/dev/null | head -n 1)"

# More events than are kept: each unload of what is not loaded is one. Who
# follows stands still meanwhile.
check "create" mkctl create idle --cpus 3 --memory 2M
timeout 500 mkctl events --follow --json >/tmp/slow 2>&1 &
eventually "a reader has seen that" 60 grep -q '"name":"idle"' /tmp/slow
reader=$(pidof mkctl)
kill -STOP $reader
eventually "it stands still" 60 grep -q '^State:.T' /proc/$reader/status
i=0
while [ $i -lt 520 ]; do
	i=$((i + 1))
	mkctl unload idle || break
done
equal "520 events" 520 $i
check "delete" mkctl delete idle
kill -CONT $reader
eventually "the reader sees the last" 60 grep -q '"seq":532,' /tmp/slow
kill $reader
# It saw 11, and 21 is the oldest of 512.
equal "what it missed is counted" "9 532" \
	"$(sed -n 's/.*"seq":\([0-9]*\),"lost":\([0-9]*\),.*/\1 \2/p' /tmp/slow |
		awk '$1 != last + $2 + 1 { print "gap at", $1 }
			{ last = $1; lost += $2 } END { print lost, last }')"
mkctl events --json >/tmp/events
equal "512 are kept" 512 "$(wc -l </tmp/events)"
equal "and how many are not is told" 20 \
	"$(head -n 1 /tmp/events | json_line lost)"
check "also to people" sh -c \
	'mkctl events | head -n 1 | grep -q "^(20 events before this are not kept)"'
check "ledger" mkctl fsck
