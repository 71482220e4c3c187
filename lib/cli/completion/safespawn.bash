# SPDX-License-Identifier: MIT
# Completion of safespawn(1) for bash.

_safespawn_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_safespawn_run() {
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-- | [!-=]*)
			[[ ${COMP_WORDS[i - 1]} == = ]] && continue
			[[ ${COMP_WORDS[i]} == -- ]] && ((i++))
			declare -F _command_offset >/dev/null && _command_offset "$i"
			return
			;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 2]}${COMP_WORDS[COMP_CWORD - 1]} in
	--fork=) _safespawn_words 'rescue lean off' ;;
	--report=) mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}") ;;
	*)
		case ${COMP_WORDS[COMP_CWORD]} in
		-*) _safespawn_words '--fork= --report --report= --help --' ;;
		*) mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}") ;;
		esac
		;;
	esac
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}

_safespawn_preflight() {
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--proc) mapfile -t COMPREPLY < <(compgen -d -- "${COMP_WORDS[COMP_CWORD]}") ;;
	--watch) ;;
	*)
		case ${COMP_WORDS[COMP_CWORD]} in
		-*) _safespawn_words '--all --check --exact --json --metrics --proc --watch --help' ;;
		*) _safespawn_words "$(cd /proc && echo [0-9]*)" ;;
		esac
		;;
	esac
}

_safespawn() {
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_safespawn_words 'run preflight demo --version --help'
		return
	fi
	case ${COMP_WORDS[1]} in
	run) _safespawn_run ;;
	preflight) _safespawn_preflight ;;
	demo) _safespawn_words '--size --help' ;;
	esac
}

complete -F _safespawn safespawn
