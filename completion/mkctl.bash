# SPDX-License-Identifier: GPL-2.0-only
# Bash completion for mkctl(8).  Asks mkctl for the names of instances.

_mkctl_names()
{
	mkctl list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_mkctl_states='created loaded running stopped crashed'

# The last word of a comma-separated list of states.
_mkctl_state_list()
{
	local done=''

	[[ $1 == *,* ]] && done=${1%,*},
	compgen -P "$done" -W "$_mkctl_states" -- "${1##*,}"
}

# The operand of send that stands before the word to complete, if there is one.
_mkctl_operand()
{
	local i seen=''

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--sysroot | --type | --wait) ((i++)) ;;
		-*) ;;
		*) [[ -n $seen ]] && echo "${COMP_WORDS[i]}" && return
			seen=1 ;;
		esac
	done
}

_mkctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local create='--cpus --cpu-count --memory --node --memory-at
		--split-cores --low'
	local load='--kernel --initrd --cmdline --no-unpack --kaslr
		--agent --no-agent --allow-hazards'
	local verb='' options='' i

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
		mapfile -t COMPREPLY < <(compgen -W 'create load start run list
			show log wait ping send receive stop kill unload delete
			fsck doctor help --help --version --sysroot' -- "$cur")
		return
	fi
	case $prev in
	--kernel | --initrd | --output)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--agent)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--state)
		compopt -o nospace
		mapfile -t COMPREPLY < <(_mkctl_state_list "$cur")
		return
		;;
	--cpus | --cpu-count | --memory | --memory-at | --node | --low | \
		--cmdline | --wait | --timeout | --pretend-* | --type | --count | \
		--interval | --size | -c | -i | -s)
		return
		;;
	esac
	case $verb in
	create) options=$create ;;
	load) options="$load --dry-run --json --pretend-cpus --pretend-memory" ;;
	start) options='--wait' ;;
	run) options="$create $load --wait" ;;
	list | show | fsck | doctor) options='--json' ;;
	log) options='--follow --json' ;;
	wait) options='--state --timeout' ;;
	ping) options='--count --interval --size --timeout --json' ;;
	send) options='--type --split --lines --wait' ;;
	receive) options='--type --count --follow --timeout --output --lines' ;;
	stop) options='--timeout --kill' ;;
	delete) options='--force' ;;
	help)
		mapfile -t COMPREPLY < <(compgen -W 'create load start run list
			show log wait ping send receive stop kill unload delete
			fsck doctor' -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --verbose --help" \
			-- "$cur")
		return
	fi
	case $verb in
	send)
		# the instance, then a file
		if [[ -n $(_mkctl_operand) ]]; then
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_mkctl_names)" \
				-- "$cur")
		fi
		;;
	load | start | show | log | wait | ping | receive | stop | kill | \
		unload | delete)
		mapfile -t COMPREPLY < <(compgen -W "$(_mkctl_names)" -- "$cur")
		;;
	esac
}

complete -F _mkctl mkctl
