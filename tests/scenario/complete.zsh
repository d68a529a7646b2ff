# complete.zsh DIR FILE - what zsh offers for each line of standard input, with the completions in DIR: "LINE<TAB>WORD" each.
#
# Completion runs only in the line editor, which needs a terminal: zsh in a pseudo-terminal, in which a function in compadd's place
# writes what it is given to FILE.
zmodload zsh/zpty
hits=$2
zpty z zsh -f -i
tell() { zpty -w z "$1"; }
tell "cd ${(q)PWD}; fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D"
tell "compadd() { local -a hits; [[ \${@[1,(i)(-|--)]} == *-[OAD]\ * ]] && { builtin compadd \"\$@\"; return; }; builtin compadd -A hits \"\$@\"; (( \$#hits )) && print -rl -- \$hits >>${(q)hits}.part; builtin compadd \"\$@\"; }"
tell "typing() { : >${(q)hits}.part; zle complete-word; BUFFER=; mv ${(q)hits}.part ${(q)hits}; }; zle -N typing; bindkey '^I' typing"
while IFS= read -r line; do
	for key in 1 2 3; do # on a busy machine zsh now and then gives up what it had begun, and offers nothing
		rm -f $hits
		zpty -w -n z "$line"$'\t'
		for try in {1..200}; do
			[[ -e $hits ]] && break
			zpty -rt z junk
			sleep 0.05
		done
		[[ -s $hits ]] && break
	done
	[[ -e $hits ]] && while IFS= read -r word; do print -r -- "$line"$'\t'"$word"; done <$hits
done
zpty -d z
