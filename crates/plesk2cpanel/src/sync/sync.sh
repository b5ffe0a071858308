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
# merges a copy of the staged maildir, without what the owner has deleted here since; flags, deletions
# and subscriptions of the old server follow; and it looks again: every late message is there once,
# under its UIDL, and no message has another UID or UIDL than before. It stops at the first mailbox
# where something differs. Run it again as often as you like: no mailbox is merged twice.
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
exec 9>"$state/lock" || exit 1
flock -n 9 || {
    printf 'another run of this script is under way\n' >&2
    exit 1
}

say() { printf '%s: %s\n' "$address" "$*"; }
note() { printf '%s: note: %s\n' "$address" "$*" >&2; }
stop() {
    printf '%s: stopped: %s\n' "$address" "$*" >&2
    exit 1
}

# Runs doveadm. It may say "Error:" and end with 0, so what it says counts, too.
run() {
    local status
    $DOVEADM "$@" 2>"$tmp/said" </dev/null
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

# Whether every folder is what was converted. Writes where the messages of each are now, and the next
# UID there; and the directories of folders that the owner has deleted here, which are left out.
folders_before() {
    local folder uidvalidity first staged_next was dir from
    : >"$at.sources"
    : >"$at.left-out"
    while IFS=$TAB read -r folder uidvalidity first staged_next _ _ _ was dir; do
        from=$folder
        if [ "$was" != - ] && ! { status "$folder" && [ "$validity" = "$uidvalidity" ]; }; then
            # The old server has renamed it, and the new one will.
            if status "$folder" && [ "$count" != 0 ]; then
                stop "folder $folder was made on both sides: use --merge-into"
            fi
            from=$was
            status "$from" || continue
        elif ! status "$folder"; then
            [ "$folder" = INBOX ] && stop "there is no such mailbox here"
            [ "$uidvalidity" = 0 ] && continue
            [ "$staged_next" = 0 ] && continue
            if folder=$folder awk -F '\t' '$1 == ENVIRON["folder"] && $5 == 1 { found = 1 }
                END { exit !found }' "$plan/messages"; then
                stop "the owner deleted folder $folder here, and the old server received mail in it:" \
                    "use --merge-into"
            fi
            printf '%s\n' "$dir" >>"$at.left-out"
            continue
        elif [ "$uidvalidity" = 0 ]; then
            # Made on both sides. An empty one takes what the old server had.
            [ "$count" = 0 ] || [ "$staged_next" = 0 ] ||
                stop "folder $folder was made on both sides: use --merge-into"
            continue
        fi
        [ "$validity" = "$uidvalidity" ] ||
            stop "folder $from has UIDVALIDITY $validity, and $uidvalidity was converted"
        [ "$next" -ge "$first" ] ||
            stop "folder $from has the next UID $next, and $first was converted"
        printf '%s\t%s\t%s\n' "$folder" "$from" "$next" >>"$at.sources"
    done <"$plan/folders"
}

# Finds the messages of the plan among those that are here, and writes them with the UIDs that they
# have here, or 0. First by UID and GUID, since copies in a folder share a GUID; then by GUID, since
# what an earlier merge brought may have another UID here. What was deleted on the old server must have
# its UID or UIDL.
match() {
    expunge=$at.expunge awk -F '\t' -v OFS='\t' '
        function is_at(uid) { return (from, uid) in guid_at && !(($1, uid) in used) }
        function try(guid) {
            if (guid != "" && times[from, guid] == 1 && is_at(uid_of[from, guid])) real = uid_of[from, guid]
        }
        function refuse(text) { if (!bad++) print text > "/dev/stderr" }
        # What lies in a folder that doveadm is about to rename must not go before.
        function expunge(name, uid) {
            print name, uid, (name in renamed ? "after" : "before"), guid_at[name, uid] > ENVIRON["expunge"]
        }
        what == "sources" {
            source[$1] = $2; next_here[$1] = $3
            if ($1 != $2) renamed[$2] = 1
            next
        }
        what == "folders" {
            first[$1] = $3; staged_next[$1] = $4; old_next[$1] = $5; free[$1] = $6; by_number[$1] = $7
            folder[++folders] = $1; next
        }
        what == "before" {
            guid_at[$1, $2] = $3; uidl_at[$1, $2] = $4; uid_of[$1, $3] = $2; times[$1, $3]++
            uid_at[$1, ++many[$1]] = $2; next
        }
        { from = ($1 in source) ? source[$1] : "" }
        what == "exact" {
            if ($5 != 2) planned[$1, $2] = 1
            if (from != "" && is_at($2) && (guid_at[from, $2] == $3 || guid_at[from, $2] == $6)) {
                used[$1, $2] = 1; exact[FNR] = 1
            }
            next
        }
        {
            real = 0
            if (FNR in exact) real = $2
            else if (from != "") {
                if ($5 != 2) {
                    try($3)
                    if (!real) try($6)
                } else if (is_at($2) && ($4 == "" || uidl_at[from, $2] == "" || uidl_at[from, $2] == $4)) real = $2
                else {
                    # The same GUID alone may be a copy that its owner made here.
                    try($3)
                    if (real && ($4 == "" || uidl_at[from, real] != $4)) real = 0
                }
                if (real) used[$1, real] = 1
            }
            if (real && real != $2 && $5 != 2 && real < staged_next[$1])
                refuse("a message of folder " $1 " has the UID " real " here, and " $2 \
                    " on the old server: use --merge-into")
            print $1, $2, real, $5, $3, $6, $4
            if ($5 == 2 && real) expunge($1, real)
        }
        END {
            for (i = 1; i <= folders; i++) {
                name = folder[i]
                if (!(name in source)) continue
                from = source[name]
                low = next_here[name]
                for (j = 1; j <= many[from]; j++) {
                    uid = uid_at[from, j]
                    if ((name, uid) in used) continue
                    if (by_number[name] && uid < first[name] && !((name, uid) in planned)) {
                        # The old server has it no more. Only numbers tell that it had it.
                        expunge(name, uid)
                        continue
                    }
                    if (staged_next[name] && uid < first[name])
                        refuse("folder " from " has another message under the UID " uid \
                            " than was converted: use --merge-into")
                    if (uid + 0 < low) low = uid + 0
                }
                # Mail that came in here, and may be gone again, has had the UIDs from here on.
                # A reserve is believed if it is to be seen.
                gap = next_here[name] - first[name]
                if (gap < (free[name] ? (free[name] - first[name]) / 2 : 1000)) low = first[name]
                else if (free[name] && free[name] < low) low = free[name]
                if (staged_next[name] && next_here[name] > low && old_next[name] > low)
                    refuse("mail that came to folder " from " here has UIDs that the old server gave to" \
                        " other messages (the conversion left none free): use --merge-into")
            }
            exit bad > 0
        }' what=sources "$at.sources" what=folders "$plan/folders" what=before "$at.before" \
        what=exact "$plan/messages" what=plan "$plan/messages" >"$at.match" 2>"$tmp/refused"
}

before_merge() {
    snapshot "$at.before"
    folders_before
    : >"$at.expunge"
    match || stop "$(cat "$tmp/refused")"
}

# Takes out of the copy what must not come back: messages that the owner has deleted here, which
# doveadm would bring again when its log has forgotten them, and those that an earlier merge has
# brought under other UIDs.
prune() {
    local dir folder
    while IFS= read -r dir; do
        [ -n "$dir" ] && rm -rf -- "$copy/$dir"
    done <"$at.left-out"
    while IFS=$TAB read -r folder _ _ _ _ _ _ _ dir; do
        [ -d "$copy/$dir" ] || continue
        find "$copy/$dir/cur" "$copy/$dir/new" -type f >"$tmp/files"
        folder=$folder awk -F '\t' '
            NR == FNR {
                if ($1 == ENVIRON["folder"] && $4 != 2 && ($4 == 0 || $3) && $2 != $3) drop[$6] = 1
                next
            }
            {
                base = $0
                sub(/^.*\//, "", base)
                sub(/:.*$/, "", base)
                if (base in drop) printf "%s%c", $0, 0
            }' "$at.match" "$tmp/files" >"$tmp/dropped"
        xargs -0 rm -f -- <"$tmp/dropped" || stop "can't write to $WORK"
    done <"$plan/folders"
}

# Whether the mailbox is what it should be now. What its owner may have done meanwhile is noted, and
# stops nothing; only a late message that is missing right after doveadm has run does.
after_merge() {
    awk -F '\t' -v strict="$1" '
        function wrong(text) { if (++number <= 5) print "wrong\t" text; bad = 1 }
        function remark(text) { if (++notes <= 5) print "note\t" text }
        what == "expunge" { gone[$1, $2] = $3; next }
        what == "match" {
            rows++; folder[rows] = $1; real[rows] = $3; kind[rows] = $4; guid[rows] = $5; uidl[rows] = $7
            if ($4 != 2 && $7 != "") planned[$1, $7]++
            next
        }
        what == "before" { had[$1, $2] = $3 FS $4; next }
        {
            now[$1, $2] = $3 FS $4
            somewhere[$3] = there[$1, $3] = 1
            if ($4 != "") served[$1, $4]++
            if (!(($1, $2) in had)) { fresh[$1, $3]++; fresh_uidl[$1, $3] = $4; fresh_guid[$1, $3] = 1 }
        }
        END {
            for (key in had) {
                split(key, part, SUBSEP)
                split(had[key], was, FS)
                text = part[1] ": " was[1]
                if (gone[key] == "before") {
                    if (key in now || (part[1], was[1]) in fresh_guid)
                        wrong("a message that was deleted on the old server is still in " text)
                } else if (key in now) {
                    if (now[key] != had[key]) wrong("a message has another UIDL now in " text)
                } else if ((part[1], was[1]) in fresh_guid) wrong("a message has another UID now in " text)
                else if (!(was[1] in somewhere)) remark("a message has gone meanwhile from " text)
            }
            for (i = 1; i <= rows; i++) {
                at = folder[i] SUBSEP guid[i]
                if (kind[i] == 2) {
                    if (!real[i] && at in there)
                        remark("a message that was deleted on the old server, or a copy, stays in " folder[i] ": " guid[i])
                    continue
                }
                if (kind[i] == 1 && !real[i]) {
                    if (!(at in fresh)) {
                        text = "a late message is not in " folder[i] ": " guid[i]
                        if (strict && !(guid[i] in somewhere)) wrong(text " (if its owner has deleted it: run again)")
                        else remark(text)
                    } else if (fresh[at] > 1) wrong("a message is twice in " folder[i] ": " guid[i])
                    else if (uidl[i] != "" && fresh_uidl[at] != uidl[i])
                        wrong("a late message of " folder[i] " has another UIDL than on the old server: " guid[i])
                    # What the old server served twice stays so.
                    if (uidl[i] != "" && served[folder[i], uidl[i]] > 1 && planned[folder[i], uidl[i]] < 2)
                        wrong("two messages of " folder[i] " have the UIDL " uidl[i])
                } else if (at in fresh_guid && !reported[at]++) {
                    text = real[i] ? "a message is twice in " : "a message that was deleted here is back in "
                    if (strict && !real[i]) wrong(text folder[i] ": " guid[i])
                    else remark(text folder[i] ": " guid[i])
                } else if (real[i] && !((folder[i], real[i]) in had) && !(guid[i] in somewhere))
                    remark("a message has gone meanwhile from " folder[i] ": " guid[i])
            }
            exit bad
        }' what=expunge "$at.expunge" what=match "$at.match" what=before "$at.before" \
        what=after "$after" >"$tmp/found"
    local status=$? kind text
    while IFS=$TAB read -r kind text; do
        [ "$kind" = note ] && note "$text"
    done <"$tmp/found"
    [ $status = 0 ] || stop "$(sed -n 's/^wrong\t//p' "$tmp/found")"
}

# No UID that the old server gave out is given to another message, although the one that had it is gone.
raise_next() {
    local folder staged_next old_next
    while IFS=$TAB read -r folder _ _ staged_next old_next _; do
        [ "$staged_next" != 0 ] && status "$folder" && [ "$next" -lt "$old_next" ] || continue
        run mailbox update -u "$address" --min-next-uid "$old_next" "$folder" ||
            stop "can't raise the next UID of $folder: $(said)"
        status "$folder" && [ "$next" -ge "$old_next" ] ||
            stop "folder $folder has the next UID $next, and the old server had $old_next"
    done <"$plan/folders"
}

# Before doveadm sync: what was deleted on the old server. It takes a message for deleted only below the
# highest UID that both sides have, and numbers those above anew. After it: what it leaves as it is,
# which is flags, messages and folders that are gone, and subscriptions. The plan names messages by
# their UIDs on the old server.
steps() {
    local what folder uids flag
    awk -F '\t' -v OFS='\t' -v when="$1" '
        function flush() { if (uids) print "expunge", folder, list, "-"; uids = 0; list = "" }
        what == "after" { places[$3]++; next }
        what == "expunge" {
            # A folder that was renamed may lie there under both names.
            if ($3 != when || (when == "after" && places[$4] < 2)) next
            if ($1 != folder || uids == 400) flush()
            folder = $1
            list = list (uids++ ? "," : "") $2
            next
        }
        { flush() }
        when == "before" { exit }
        what == "match" { real[$1, $2] = $3; next }
        $3 == "-" { print; next }
        {
            many = split($3, uid, ",")
            list = ""
            for (i = 1; i <= many; i++)
                if (real[$2, uid[i]]) list = list (list == "" ? "" : ",") real[$2, uid[i]]
            if (list != "") print $1, $2, list, $4
            list = ""
        }
        END { flush() }' what=after "$after" what=expunge "$at.expunge" what=match "$at.match" \
        what=steps "$plan/steps" >"$tmp/steps"
    while IFS=$TAB read -r what folder uids flag; do
        case $what in
        subscribe | unsubscribe)
            run mailbox "$what" -u "$address" "$folder" || stop "$what $folder: $(said)"
            continue
            ;;
        esac
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
    done <"$tmp/steps"
}

# Merges the copy.
merge() {
    local owner group copy
    # doveadm writes its own files beside the messages, as the mailbox's owner.
    owner=$($DOVEADM user -f uid "$address" </dev/null) &&
        group=$($DOVEADM user -f gid "$address" </dev/null) &&
        [ -n "$owner" ] && [ -n "$group" ] || stop "doveadm does not know the user"
    copy=$tmp/mailbox
    rm -rf -- "$copy"
    cp -a -- "$here/staged/$address" "$copy" || stop "no room for a copy in $WORK: set WORK"
    prune
    # doveadm would bring back what its owner has unsubscribed here. The plan tells what changed.
    : >"$copy/subscriptions" || stop "can't write to $WORK"
    chown -R -- "$owner:$group" "$copy" || stop "can't give the copy to the mailbox's owner"
    : >"$after"
    steps before
    run sync -1 -R -u "$address" "maildir:$copy" || stop "doveadm sync: $(said)"
    rm -rf -- "$copy"
}

mailbox() {
    local at strict=0
    if [ ${#wanted[@]} -gt 0 ]; then
        case " ${wanted[*]} " in *" $1 "*) ;; *) return ;; esac
    fi
    address=$1
    plan=$here/plan/$address
    after=$tmp/after
    at=$state/$address
    [ -d "$plan" ] && [ -d "$here/staged/$address" ] || stop "its files are missing from $here"

    # What the owner does after the merge is no business of this script.
    if [ -e "$at.done" ]; then
        say "done before"
        return
    fi
    if [ -n "$check_only" ]; then
        if [ -e "$at.merging" ] || [ -e "$at.synced" ]; then
            say "was ended in the middle: run the script again"
            return
        fi
        at=$tmp/look
        before_merge
        say "ready"
        return
    fi
    # A run that was ended in the middle has looked already.
    if [ ! -e "$at.merging" ] && [ ! -e "$at.synced" ]; then
        before_merge
        : >"$at.merging" || stop "can't write to $state"
    fi
    # Merged again, late mail that the owner has deleted since would come back.
    if [ ! -e "$at.synced" ]; then
        merge
        mv -- "$at.merging" "$at.synced" || stop "can't write to $state"
        strict=1
    fi
    snapshot "$after"
    raise_next
    steps after
    snapshot "$after"
    after_merge $strict
    mv -- "$at.synced" "$at.done" || stop "can't write to $state"
    say "merged"
}

# The mailboxes, one after another.
if [ ${#wanted[@]} -gt 0 ] && [ -z "$address" ]; then
    printf 'no mailbox of that name\n' >&2
    exit 2
fi
