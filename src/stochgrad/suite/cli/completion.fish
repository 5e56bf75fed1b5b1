function __stochgrad_here
    string match -qr -- '-m src\.(run|tune) |stochgrad (run|tune) ' (commandline -cp)
end
function __stochgrad_words
    set -l word (commandline -ct)
    set -l parts (string split -m1 '=' -- $word)
    if test (count $parts) -lt 2
        printf '%s\n' @WORDS@
        return
    end
    set -l key (string trim -lc '+' -- $parts[1])
    set -l start "$parts[1]="(string replace -r '[^,]*$' '' -- $parts[2])
    set -l found
    switch $key
@CASES@
    end
    if test (count $found) -eq 0 -a -d @CONF@/$key
        for file in @CONF@/$key/**.yaml
            set -a found (string replace -r '\.yaml$' '' -- (string replace -- @CONF@/$key/ '' $file))
        end
    end
    for name in $found
        echo $start$name
    end
end
for program in python python3 stochgrad
    complete -c $program -n __stochgrad_here -f -a '(__stochgrad_words)'
end
# After a second -m, of this command, fish would offer the modules of Python.
for program in python python3
    complete -c $program -s m -n __stochgrad_here -x -a '(__stochgrad_words)'
end
