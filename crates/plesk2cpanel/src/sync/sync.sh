#!/bin/bash
# Merges late mail into mailboxes of this server: what the old server had in backup
#   [BACKUP]
# and not yet when the mailboxes were converted:
#   [SINCE]
#
# Run it as root on the new server:
#   ./sync.sh                     all mailboxes, one after another
#   ./sync.sh ADDRESS...          these alone
#   ./sync.sh --check [ADDRESS...]  looks, and changes nothing
#
# It looks at a mailbox first, and touches it only if it is what was converted. Then `doveadm sync`
# merges the staged maildir, which adds late mail and takes away what was deleted on the old server;
# flags follow by themselves; and it looks again: every late message is there once, under its UIDL, and
# no message has another UID or UIDL than before. It stops at the first mailbox where something
# differs. Run it again as often as you like: a mailbox that is done is looked at, and not merged again.
#
#   DOVEADM  another command for doveadm, such as "docker exec dovecot doveadm"
#   WORK     directory that takes a copy of one staged mailbox at a time (default: /var/tmp); the
#            mailbox's owner must be able to come there
set -u -o pipefail
export LC_ALL=C
DOVEADM=${DOVEADM:-doveadm}
WORK=${WORK:-/var/tmp}
TAB=$'\t'
here=$(cd "$(dirname "$0")" && pwd) || exit 1
state=$here/state
check_only=
if [ "${1:-}" = --check ]; then check_only=1; shift; fi
wanted=("$@")
address=

tmp=$(mktemp -d "$WORK/plesk2cpanel-sync.XXXXXXXX") || exit 1
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 130' INT TERM
chmod 711 "$tmp"
mkdir -p -- "$state" || exit 1

say() { printf '%s: %s\n' "$address" "$*"; }
stop() {
    printf '%s: stopped: %s\n' "$address" "$*" >&2
    exit 1
}

# Runs doveadm. It may say "Error:" and end with 0, so what it says counts, too.
run() {
    local status
    $DOVEADM "$@" 2>"$tmp/said"
    status=$?
    if [ $status -eq 0 ] && grep -Eq '(Error|Fatal|Panic):' "$tmp/said"; then status=1; fi
    return $status
}
said() { tr '\n' ' ' <"$tmp/said"; }

# UIDVALIDITY, next UID and number of messages of a folder; fails when there is no such folder.
status() {
    run -f tab mailbox status -u "$address" 'uidvalidity uidnext messages' "$1" >"$tmp/status"
    case $? in
    0) ;;
    68) return 1 ;;
    *) stop "doveadm can't tell how $1 is: $(said)" ;;
    esac
    read -r validity next count < <(awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { print $at["uidvalidity"], $at["uidnext"], $at["messages"] }' "$tmp/status")
    [ -n "${count:-}" ]
}

# Folder, UID, GUID and UIDL of every message in the folders of the plan.
snapshot() {
    local folder
    : >"$1"
    while IFS=$TAB read -r folder _; do
        status "$folder" || continue
        run -f tab fetch -u "$address" 'uid guid pop3.uidl' mailbox "$folder" all >"$tmp/rows" ||
            stop "doveadm can't list $folder: $(said)"
        folder=$folder awk -F '\t' -v OFS='\t' '
            NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            { print ENVIRON["folder"], $at["uid"], $at["guid"], $at["pop3.uidl"] }' \
            "$tmp/rows" >>"$1"
    done <"$plan/folders"
}

# Whether every folder is what was converted. Prints the directories of those that the owner has
# deleted here, which are left out.
before_merge() {
    local folder uidvalidity first staged_next dir
    while IFS=$TAB read -r folder uidvalidity first staged_next dir; do
        if ! status "$folder"; then
            [ "$uidvalidity" = 0 ] && continue
            [ "$staged_next" = 0 ] && continue
            [ "$folder" = INBOX ] && stop "there is no such mailbox here"
            if folder=$folder awk -F '\t' '$1 == ENVIRON["folder"] && $5 == 1 { found = 1 }
                END { exit !found }' "$plan/messages"; then
                stop "the owner deleted folder $folder here, and the old server received mail in it:" \
                    "use --merge-into"
            fi
            printf '%s\n' "$dir" >>"$tmp/left-out"
            continue
        fi
        if [ "$uidvalidity" = 0 ]; then
            # Made on both sides. An empty one takes what the old server had.
            [ "$count" = 0 ] || [ "$staged_next" = 0 ] || [ -e "$state/$address.merging" ] ||
                stop "folder $folder was made on both sides: use --merge-into"
            continue
        fi
        [ "$validity" = "$uidvalidity" ] ||
            stop "folder $folder has UIDVALIDITY $validity, and $uidvalidity was converted"
        [ "$next" -ge "$first" ] ||
            stop "folder $folder has the next UID $next, and $first was converted"
    done <"$plan/folders"
    # What came in here must lie above all UIDs of the old server, or doveadm numbers it anew.
    awk -F '\t' '
        FILENAME == ARGV[1] { first[$1] = $3; next_uid[$1] = $4; next }
        FILENAME == ARGV[2] { planned[$1, $3] = 1; next }
        !(($1, $3) in planned) && first[$1] && $2 >= first[$1] && $2 < next_uid[$1] {
            print $1; exit
        }' "$plan/folders" "$plan/messages" "$before" >"$tmp/overlap"
    [ ! -s "$tmp/overlap" ] ||
        stop "mail that came to folder $(cat "$tmp/overlap") here has UIDs that the old server gave to" \
            "other messages (the conversion left none free): use --merge-into"
}

# Whether the mailbox is what it should be now. With 1, the list from before the merge is compared, too: no
# message may have another UID or UIDL than then. Copies in a folder share a GUID; they are told apart by
# their UIDs.
after_merge() {
    awk -F '\t' -v compare="$1" '
        function wrong(text) { if (++number <= 5) print text; bad = 1 }
        function key() { return $1 SUBSEP $3 (copies[$1, $3] > 1 ? SUBSEP $2 : "") }
        # Two tables are read twice: first it is counted how often each GUID comes.
        what == "count" {
            times = ++seen[FILENAME, $1, $3]
            if (times > copies[$1, $3]) copies[$1, $3] = times
            next
        }
        what == "folders" { first[$1] = $3; next }
        what == "plan" {
            planned[key()] = 1; uidl[key()] = $4; late[key()] = $5
            if ($4 != "" && named[$1, $4]++) twice[$1, $4] = 1
            next
        }
        what == "before" { had[key()] = $2 FS $4; had_uid[key()] = $2; next }
        {
            if (key() in now) wrong("a message is twice in " $1 ": " $3)
            now[key()] = $2 FS $4
            now_uidl[key()] = $4
            # What the old server served twice stays so.
            if ($4 != "" && ($1, $4) in served && !(($1, $4) in twice))
                wrong("two messages of " $1 " have the UIDL " $4)
            if ($4 != "") served[$1, $4] = 1
        }
        END {
            for (key_of in had) {
                split(key_of, part, SUBSEP)
                if (!compare) continue
                if (!(key_of in planned) && first[part[1]] && had_uid[key_of] < first[part[1]]) {
                    if (key_of in now) wrong("a message that was deleted is still in " part[1] ": " part[2])
                } else if (!(key_of in now)) wrong("a message is gone from " part[1] ": " part[2])
                else if (now[key_of] != had[key_of])
                    wrong("a message of " part[1] " has another UID or UIDL now: " part[2])
            }
            for (key_of in late) {
                split(key_of, part, SUBSEP)
                if (!late[key_of] || !compare || (key_of in had)) continue
                if (!(key_of in now)) wrong("a late message is not in " part[1] ": " part[2])
                else if (uidl[key_of] != "" && now_uidl[key_of] != uidl[key_of])
                    wrong("a late message of " part[1] " has another UIDL than on the old server: " part[2])
            }
            exit bad
        }' what=count "$plan/messages" "$before" what=folders "$plan/folders" \
        what=plan "$plan/messages" what=before "$before" what=after "$after" >"$tmp/wrong" ||
        stop "$(cat "$tmp/wrong")"
}

# What either side deleted goes before doveadm sync looks. It takes a message for deleted only below the
# highest UID that both sides have, and numbers those above anew, with new UIDLs; and of what was
# deleted here it knows only as long as a log tells of it.
deletions() {
    local folder guid dir
    steps expunge
    awk -F '\t' -v OFS='\t' '
        FILENAME == ARGV[1] { dir[$1] = $5; next }
        FILENAME == ARGV[2] { had[$1, $3] = 1; next }
        $5 == 0 && !(($1, $3) in had) { print $3, dir[$1] }' \
        "$plan/folders" "$before" "$plan/messages" >"$tmp/deleted-here"
    while IFS=$TAB read -r guid dir; do
        rm -f -- "$copy/${dir:-.}/"{cur,new}"/$guid" "$copy/${dir:-.}/"{cur,new}"/$guid":2,*
    done <"$tmp/deleted-here"
}

# What doveadm sync leaves as it is: flags that changed on the old server, and folders that are gone.
# With `expunge` those steps alone, without it the others.
steps() {
    local what folder uids flag
    while IFS=$TAB read -r what folder uids flag; do
        [ "$what" = expunge ] && [ "$1" != expunge ] && continue
        [ "$what" != expunge ] && [ "$1" = expunge ] && continue
        status "$folder" || continue
        case $what in
        add | remove) run flags "$what" -u "$address" "$flag" mailbox "$folder" uid "$uids" ;;
        expunge) run expunge -u "$address" mailbox "$folder" uid "$uids" ;;
        delete)
            # Only if nothing is left in it.
            [ "$count" = 0 ] || continue
            run mailbox delete -u "$address" -e -s "$folder"
            ;;
        esac || stop "$what in $folder: $(said)"
    done <"$plan/steps"
}

mailbox() {
    local owner group copy
    if [ ${#wanted[@]} -gt 0 ]; then
        case " ${wanted[*]} " in *" $1 "*) ;; *) return ;; esac
    fi
    address=$1
    plan=$here/plan/$address
    before=$state/$address.before
    after=$tmp/after
    [ -d "$plan" ] && [ -d "$here/staged/$address" ] || stop "its files are missing from $here"
    : >"$tmp/left-out"

    if [ -e "$state/$address.done" ]; then
        snapshot "$after"
        after_merge 0
        say "done before"
        return
    fi
    # A run that was ended in the middle has looked already.
    if [ ! -e "$state/$address.merging" ]; then
        before=$tmp/before
        snapshot "$before"
    fi
    before_merge
    if [ -n "$check_only" ]; then
        say "ready"
        return
    fi
    if [ ! -e "$state/$address.merging" ]; then
        cp -- "$before" "$state/$address.before" || stop "can't write to $state"
        before=$state/$address.before
        : >"$state/$address.merging" || stop "can't write to $state"
    fi

    # doveadm writes its own files beside the messages, as the mailbox's owner.
    owner=$($DOVEADM user -f uid "$address") && group=$($DOVEADM user -f gid "$address") &&
        [ -n "$owner" ] && [ -n "$group" ] || stop "doveadm does not know the user"
    copy=$tmp/mailbox
    rm -rf -- "$copy"
    cp -a -- "$here/staged/$address" "$copy" || stop "no room for a copy in $WORK: set WORK"
    while IFS= read -r dir; do
        [ -n "$dir" ] && rm -rf -- "$copy/$dir"
    done <"$tmp/left-out"
    deletions
    chown -R -- "$owner:$group" "$copy" || stop "can't give the copy to the mailbox's owner"
    run sync -1 -R -u "$address" "maildir:$copy" || stop "doveadm sync: $(said)"
    rm -rf -- "$copy"
    steps others

    snapshot "$after"
    after_merge 1
    mv -- "$state/$address.merging" "$state/$address.done" || stop "can't write to $state"
    say "merged"
}

# The mailboxes, one after another.
if [ ${#wanted[@]} -gt 0 ] && [ -z "$address" ]; then
    printf 'no mailbox of that name\n' >&2
    exit 2
fi
