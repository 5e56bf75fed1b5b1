_stochgrad() {
    local word="$PREFIX" key value start file
    local -a found
    case "${words[*]}" in
        *"-m src.run "*|*"-m src.tune "*|*"stochgrad run "*|*"stochgrad tune "*) ;;
        *) _files; return ;;
    esac
    if [[ "$word" != *=* ]]; then
        compadd -S '' -- @WORDS@
        return
    fi
    key="${${word%%=*}##+}"; value="${word#*=}"; start="${word%%=*}="
    [[ "$value" == *,* ]] && start+="${value%,*},"
    case "$key" in
@CASES@
    esac
    if (( ! $#found )) && [[ -d @CONF@/"$key" ]]; then
        for file in @CONF@/"$key"/**/*.yaml(N); do
            file="${file#@CONF@/$key/}"
            found+=("${file%.yaml}")
        done
    fi
    compadd -p "$start" -- $found
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _stochgrad python python3 stochgrad
