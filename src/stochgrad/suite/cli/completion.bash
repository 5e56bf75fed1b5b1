# The end of the line up to the last blank, whatever Bash breaks words at.
_stochgrad() {
    local line="${COMP_LINE:0:COMP_POINT}" word key value done file found=""
    case "$line" in
        *"-m src.run "*|*"-m src.tune "*|*"stochgrad run "*|*"stochgrad tune "*) ;;
        *) COMPREPLY=(); return ;;
    esac
    word="${line##* }"
    if [[ "$word" != *=* ]]; then
        COMPREPLY=($(compgen -W "@WORDS@" -- "$word"))
        compopt -o nospace 2>/dev/null
        return
    fi
    key="${word%%=*}"; key="${key##+}"; value="${word#*=}"; done=""
    [[ "$value" == *,* ]] && done="${value%,*},"
    case "$key" in
@CASES@
    esac
    if [[ -z "$found" && -d @CONF@/"$key" ]]; then
        for file in @CONF@/"$key"/*.yaml @CONF@/"$key"/*/*.yaml; do
            [[ -f "$file" ]] || continue
            file="${file#@CONF@/"$key"/}"
            found+=" ${file%.yaml}"
        done
    fi
    COMPREPLY=($(compgen -W "$found" -P "$done" -- "${value##*,}"))
    [[ "$COMP_WORDBREAKS" == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/${word%%=*}=}")
}
complete -o default -F _stochgrad python python3 stochgrad
