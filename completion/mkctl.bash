# SPDX-License-Identifier: GPL-2.0-only
# Bash completion for mkctl(8).  Asks mkctl for the names of instances, the
# numbers of devices, and files in stores.

_mkctl_names()
{
	mkctl list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# The numbers of the devices of the instance $1.
_mkctl_devices()
{
	mkctl device "$1" 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_mkctl_stores()
{
	mkctl pmem 2>/dev/null | awk 'NR > 1 { print $1; print $NF }'
}

_mkctl_verbs='run list show log events backtrace dump memory wait ping send
	receive exec cp console serve device stop kill delete create load start
	unload pmem fsck doctor help'

_mkctl_states='created loaded running stopped crashed'

# The last word of a comma-separated list of states.
_mkctl_state_list()
{
	local done=''

	[[ $1 == *,* ]] && done=${1%,*},
	compgen -P "$done" -W "$_mkctl_states" -- "${1##*,}"
}

# The words that stand before the one to complete and are no options: the verb
# and its operands.  Bash takes "=" and ":" for words of their own; what is
# behind one belongs to the word before it.
_mkctl_operands()
{
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--cpus | --cpu-count | --memory | --memory-at | --node | --low | \
			--kernel | --initrd | --cmdline | --pmem | --agent | \
			--modules-dir | --pretend-* | --sysroot | --type | --wait | \
			--timeout | --state | --count | --interval | --size | \
			--net | --vsock | --disk | --share | --escape | --env | \
			--workdir | --user | --output | --life | --cpu | --on-* | \
			--restart-max | --watchdog | --dump-* | -[ceosuw] | = | :) ((i++)) ;;
		-i) [[ ${COMP_WORDS[*]} != *' ping '* ]] || ((i++)) ;;
		-*) ;;
		*) echo "${COMP_WORDS[i]}" ;;
		esac
	done
}

# Interfaces of the host that are taps.
_mkctl_taps()
{
	local flags

	for flags in /sys/class/net/*/tun_flags; do
		# IFF_TAP, and not IFF_TUN (linux/if_tun.h)
		[[ -r $flags ]] && (($(<"$flags") & 2)) &&
			basename "${flags%/tun_flags}"
	done
}

_mkctl_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_mkctl_folders()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -d -- "$1")
}

_mkctl_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# "--net tap=NAME": the words are --net tap = NAME.
_mkctl_net()
{
	local cur=$1 prev=$2 before=${COMP_WORDS[COMP_CWORD - 2]:-}

	if [[ $prev == --net ]]; then
		compopt -o nospace
		_mkctl_words 'tap=' "$cur"
	elif [[ $cur == = && $prev == tap ]]; then
		_mkctl_words "$(_mkctl_taps)" ''
	elif [[ $prev == = && $before == tap ]]; then
		_mkctl_words "$(_mkctl_taps)" "$cur"
	else
		return 1
	fi
}

# NAME: for what lies in a spawn; else files of this system.
_mkctl_cp()
{
	local cur=$1 prev=$2

	# Behind a colon nobody knows.
	[[ $prev == : || $cur == : ]] && return
	_mkctl_files "$cur"
	[[ $cur == */* ]] && return
	compopt -o nospace
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \
		< <(compgen -S : -W "$(_mkctl_names)" -- "$cur")
}

_mkctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local create='--cpus --cpu-count --memory --node --memory-at
		--split-cores --low'
	local load='--kernel --initrd --cmdline --pmem --no-unpack --kaslr
		--agent --no-agent --modules-dir --no-modules --allow-hazards'
	local devices='--console --net --vsock --disk --share --rng'
	local policy='--on-crash --on-poweroff --on-reboot --restart-max
		--watchdog --dump-dir --dump-keep'
	local verb='' options='' i operands

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--sysroot) ((i++)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]} && break ;;
		esac
	done
	COMPREPLY=()
	if [[ -z $verb ]]; then
		case $prev in
		--sysroot)
			mapfile -t COMPREPLY < <(compgen -d -- "$cur")
			return
			;;
		esac
		_mkctl_words "$_mkctl_verbs --help --version --sysroot" "$cur"
		return
	fi
	mapfile -t operands < <(_mkctl_operands)
	# Behind "--" is a command of the spawn.
	if [[ $verb == exec ]]; then
		for ((i = 1; i < COMP_CWORD; i++)); do
			[[ ${COMP_WORDS[i]} == -- ]] && return
		done
	fi
	case $verb in
	serve | start | run | device)
		_mkctl_net "$cur" "$prev" && return
		;;
	esac
	case $prev in
	--kernel | --initrd | --output | -o | --pmem | --disk)
		_mkctl_files "$cur"
		return
		;;
	--on-crash)
		_mkctl_words 'stop restart dump dump,restart' "$cur"
		return
		;;
	--on-poweroff | --on-reboot)
		_mkctl_words 'stop restart' "$cur"
		return
		;;
	--agent | --modules-dir | --share | --dump-dir)
		_mkctl_folders "$cur"
		return
		;;
	--state)
		compopt -o nospace
		mapfile -t COMPREPLY < <(_mkctl_state_list "$cur")
		return
		;;
	--life)
		_mkctl_words 'all list' "$cur"
		return
		;;
	--cpu | --cpus | --cpu-count | --memory | --memory-at | --node | --low | \
		--cmdline | --wait | --timeout | --pretend-* | --type | --count | \
		--interval | --size | --vsock | --escape | --env | --workdir | \
		--user | --restart-max | --watchdog | --dump-keep)
		return
		;;
	esac
	case $verb:$prev in
	ping:-[cis] | receive:-c | exec:-[ewu]) return ;;
	esac
	case $verb in
	create) options=$create ;;
	load) options="$load --dry-run --json --pretend-cpus --pretend-memory" ;;
	start) options="--wait --foreground $devices $policy" ;;
	run) options="$create $load --wait --foreground $devices $policy" ;;
	serve) options="$devices $policy --foreground --replace" ;;
	device)
		options=--json
		[[ ${operands[2]:-} == add ]] && options=$devices
		[[ ${operands[2]:-} == remove ]] && options=
		;;
	console) options='--escape --no-history --timeout' ;;
	exec) options='--interactive --tty --env --workdir --user' ;;
	cp) options='--recursive' ;;
	pmem)
		options=--json
		[[ ${operands[1]:-} == sync ]] && options='--force --output'
		[[ ${operands[1]:-} == drop ]] && options=--discard
		;;
	list | show | fsck | doctor) options='--json' ;;
	log) options='--life --follow --all --json' ;;
	events) options='--follow --json' ;;
	backtrace) options='--cpu --registers --timeout --json' ;;
	dump) options='--output --live --compress --force' ;;
	memory)
		options='--raw --virtual'
		[[ ${operands[1]:-} == write ]] && options='--virtual --force'
		;;
	wait) options='--state --timeout' ;;
	ping) options='--count --interval --size --timeout --json' ;;
	send) options='--type --split --lines --wait' ;;
	receive) options='--type --count --follow --timeout --output --lines' ;;
	stop) options='--timeout --kill' ;;
	delete) options='--force' ;;
	help)
		_mkctl_words "${_mkctl_verbs/% help/}" "$cur"
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		_mkctl_words "$options --verbose --help" "$cur"
		return
	fi
	# operands[0] is the verb
	case $verb in
	send)
		# the instance, then a file
		if ((${#operands[@]} > 1)); then
			_mkctl_files "$cur"
		else
			_mkctl_words "$(_mkctl_names)" "$cur"
		fi
		;;
	device)
		case ${#operands[@]} in
		1) _mkctl_words "$(_mkctl_names)" "$cur" ;;
		2) _mkctl_words 'add remove' "$cur" ;;
		3) [[ ${operands[2]} == remove ]] &&
			_mkctl_words "$(_mkctl_devices "${operands[1]}")" "$cur" ;;
		esac
		;;
	pmem)
		case ${#operands[@]} in
		1) _mkctl_words 'sync drop' "$cur" ;;
		2) _mkctl_words "$(_mkctl_stores)" "$cur" ;;
		esac
		;;
	memory)
		case ${#operands[@]} in
		1) _mkctl_words 'read write' "$cur" ;;
		2) _mkctl_words "$(_mkctl_names)" "$cur" ;;
		4) [[ ${operands[1]} == write ]] && _mkctl_files "$cur" ;;
		esac
		;;
	cp) _mkctl_cp "$cur" "$prev" ;;
	backtrace | dump | load | start | show | log | events | wait | ping | \
		receive | stop | kill | \
		unload | delete | serve | console | exec)
		((${#operands[@]} > 1)) ||
			_mkctl_words "$(_mkctl_names)" "$cur"
		;;
	esac
}

complete -F _mkctl mkctl
