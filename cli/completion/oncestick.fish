# fish completion for oncestick(1)
#
# Verbs and options are those that the program's help lists. Codes and passphrases are never completed; names of codes, which are no
# secret, are.

# Members of the JSON on standard input that have text, one a line.
function __oncestick_members
    sed -n 's/^ *"'$argv[1]'": "\([^"\\\\]*\)",\{0,1\}$/\1/p'
end

# What the issuer's books say, if this is an issuer.
function __oncestick_books
    set -l dir $HOME/.local/share/oncestick
    set -q XDG_DATA_HOME; and set dir $XDG_DATA_HOME/oncestick
    set -q ONCESTICK_ISSUER_DIR; and set dir $ONCESTICK_ISSUER_DIR
    test -r $dir/keystore.cbor; and oncestick codes $argv --json --quiet 2>/dev/null </dev/null
end

function __oncestick_ids
    __oncestick_books | __oncestick_members stick
end

function __oncestick_of_codes
    for id in (__oncestick_ids)
        __oncestick_books $id | __oncestick_members $argv[1]
    end | sort -u
end

# Where sticks with ONCE are mounted, those that are plugged in, and any directory.
function __oncestick_sticks
    while read -l line
        set -l type (string match -r -g -- ' - ([^ ]*)' $line)
        string match -qr '^(fuse.*|proc|sysfs|devpts|cgroup.*|autofs|nfs.*|cifs|smb3)$' -- $type; and continue
        set -l place (printf '%b' (string split ' ' $line)[5])
        test -d "$place/ONCE"; and echo $place
    end </proc/self/mountinfo
    oncestick sticks --json --quiet 2>/dev/null </dev/null | __oncestick_members serial | sed 's/^/usb:/'
    __fish_complete_directories
end

function __oncestick_open
    oncestick status --json --quiet 2>/dev/null </dev/null | __oncestick_members mount_point
end

# Whether the verb is one of the arguments.
function __oncestick_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end

function __oncestick_first
    test (count (commandline -opc)) -eq 1
end

complete -c oncestick -f
complete -c oncestick -n __oncestick_first -l help -d 'explain'
complete -c oncestick -n __oncestick_first -l version -d 'versions'
for line in (oncestick --help 2>/dev/null)
    set -l verb (string match -r -g '^  ([a-z][a-z-]*) +([^ ].*)$' -- $line); or continue
    complete -c oncestick -n __oncestick_first -a $verb[1] -d $verb[2]
    for text in (oncestick $verb[1] --help 2>/dev/null | sed -e ':a' -e N -e '$!ba' -E -e 's/\n {29}/ /g')
        # letter, name, value, words
        set -l option (string replace -rf '^  (?:-(.),|   ) --([a-z-]+)(?: ([^ ]+))? +([^ ].*)$' '$1\t$2\t$3\t$4' -- $text); or continue
        set option (string split \t -- $option)
        set -l args -c oncestick -n "__oncestick_verb $verb[1]" -l $option[2] -d $option[4]
        test -n "$option[1]"; and set -a args -s $option[1]
        if test -n "$option[3]"
            switch $verb[1]:$option[2]
                case '*:passphrase-file' '*:new-passphrase-file' '*:code-file' '*:receipts' '*:sheet' '*:list' '*:output' '*:roster'
                    set -a args -r -F
                case '*:sheets'
                    set -a args -x -a '(__fish_complete_directories)'
                case '*:already'
                    set -a args -x -a 'skip again more'
                case '*:at'
                    set -a args -x -a '(__oncestick_sticks)'
                case '*:stick'
                    set -a args -x -a '(__oncestick_ids; __oncestick_sticks)'
                case '*:holder'
                    set -a args -x -a '(__oncestick_of_codes holder)'
                case '*:again' '*:rename'
                    set -a args -x -a '(__oncestick_of_codes id; __oncestick_of_codes holder)'
                case issue:lecture refill:lecture report:lecture mount:lecture key:lecture
                    set -a args -x -a '(__oncestick_of_codes label)'
                case prepare:format
                    set -a args -x -a 'exfat vfat'
                case issue:format
                    set -a args -x -a 'text csv json'
                case report:format
                    set -a args -x -a 'text csv json html'
                case '*:paper'
                    set -a args -x -a 'a4 letter'
                case '*:session'
                    set -a args -x -a '90m 2h 4h 8h 12h'
                case '*'
                    set -a args -x
            end
        end
        complete $args
    end
end

complete -c oncestick -n '__oncestick_verb prepare key mount play collect erase rehearse verify inspect' -a '(__oncestick_sticks)'
complete -c oncestick -n '__oncestick_verb issue codes refill' -a '(__oncestick_ids; __oncestick_sticks)'
complete -c oncestick -n '__oncestick_verb backup restore' -F
complete -c oncestick -n '__oncestick_verb revoke' -a '(__oncestick_of_codes id)'
complete -c oncestick -n '__oncestick_verb forget' -a '(__oncestick_of_codes holder)'
complete -c oncestick -n '__oncestick_verb unmount' -a '(__oncestick_open)'
complete -c oncestick -n '__oncestick_verb station; and test (count (commandline -opc)) -eq 2' -a 'show name enrol receipts pin reset-clock'
complete -c oncestick -n '__oncestick_verb station; and test (count (commandline -opc)) -gt 2' -F
complete -c oncestick -n '__oncestick_verb inspect' -F
complete -c oncestick -n '__oncestick_verb accept; and test (count (commandline -opc)) -eq 2' -F
complete -c oncestick -n '__oncestick_verb accept; and test (count (commandline -opc)) -gt 2' -a '(__oncestick_sticks)'
