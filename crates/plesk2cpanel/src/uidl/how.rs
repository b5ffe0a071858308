//! The commands that take listings from the old server, ready to paste.

use mail_model::identity::ServerKind;

use super::verdict::quoted;

/// What stands for an address where none is known.
const SOMEBODY: (&str, &str) = ("USER", "DOMAIN");

/// Commands for the mailbox `address` on a server of this kind; for both kinds when it is not known.
pub fn commands(server: Option<ServerKind>, address: Option<&str>) -> String {
    let (local, domain) = address.and_then(|address| address.rsplit_once('@')).unwrap_or(SOMEBODY);
    let mut parts = vec![BEFORE.to_owned()];
    let both = server.is_none();
    if both || server == Some(ServerKind::Dovecot) {
        parts.push(dovecot(local, domain));
    }
    if both || server == Some(ServerKind::Courier) {
        parts.push(courier(local, domain));
    }
    parts.push(outside(local, domain));
    parts.push(after(local, domain));
    parts.join("\n")
}

const BEFORE: &str = "\
# On the old server, as root, while it still runs, and before the backup is made: a session gives
# every waiting message its UIDL. Nothing is downloaded or deleted.
mkdir -p listings
";

fn dovecot(local: &str, domain: &str) -> String {
    let address = quoted(&format!("{local}@{domain}"));
    let file = quoted(&format!("listings/{local}@{domain}.txt"));
    let domain = quoted(domain);
    format!(
        r#"# Dovecot: the rule. One answer holds for all mailboxes.
doveconf -f protocol=pop3 pop3_uidl_format pop3_reuse_xuidl; dovecot --version

# Dovecot: the listing of this mailbox, without its password. (Not `doveadm exec pop3`, which
# leaves out the section protocol pop3 in Dovecot 2.3 and answers by another rule.)
conf=/etc/dovecot/dovecot.conf
printf 'UIDL\r\nLIST\r\nQUIT\r\n' | "$(doveconf -c $conf -h libexec_dir)"/pop3 -c $conf -u {address} > {file}

# Dovecot: the same where it stores all UIDLs (pop3_save_uidl, or a server before it did). It tells
# nothing of those that it makes by its rule.
doveadm -f tab fetch -u {address} 'uid pop3.uidl size.virtual' mailbox INBOX

# Dovecot: the listings of all mailboxes of the domain.
for maildir in /var/qmail/mailnames/{domain}/*/Maildir; do
  user=$(basename "$(dirname "$maildir")")@{domain}
  printf 'UIDL\r\nLIST\r\nQUIT\r\n' | "$(doveconf -c $conf -h libexec_dir)"/pop3 -c $conf -u "$user" > "listings/$user.txt"
done
"#
    )
}

fn courier(local: &str, domain: &str) -> String {
    let file = quoted(&format!("listings/{local}@{domain}.txt"));
    let address = quoted(&format!("{local}@{domain}"));
    let home = quoted(&format!("/var/qmail/mailnames/{domain}/{local}"));
    let domain = quoted(domain);
    format!(
        r#"# Courier: its POP3 program. Where this finds none, `ps ax | grep pop3d` shows its path.
pop3d=$(ls /usr/lib/courier/courier/courierpop3d /usr/lib/courier-imap/bin/pop3d /usr/bin/pop3d 2>/dev/null | head -n 1)
list() {{ # USER@DOMAIN HOME
  (cd "$2" && printf 'UIDL\r\nLIST\r\nQUIT\r\n' | AUTHENTICATED=$1 TCPREMOTEIP=127.0.0.1 \
    setpriv --reuid="$(stat -c %u Maildir)" --regid="$(stat -c %g Maildir)" --clear-groups "$pop3d" Maildir)
}}

# Courier: the listing of this mailbox, without its password.
list {address} {home} > {file}

# Courier: the listings of all mailboxes of the domain.
for maildir in /var/qmail/mailnames/{domain}/*/Maildir; do
  home=$(dirname "$maildir")
  list "$(basename "$home")"@{domain} "$home" > "listings/$(basename "$home")"@{domain}.txt
done
"#
    )
}

fn outside(local: &str, domain: &str) -> String {
    let address = quoted(&format!("{local}@{domain}"));
    let file = quoted(&format!("listings/{local}@{domain}.txt"));
    format!(
        "# Any server, from anywhere: with the password of the mailbox, which curl asks for each time.
curl -sS --user {address} pop3s://HOST/ -X UIDL > {file}
curl -sS --user {address} pop3s://HOST/ >> {file}
"
    )
}

fn after(local: &str, domain: &str) -> String {
    let address = quoted(&format!("{local}@{domain}"));
    let file = quoted(&format!("listings/{local}@{domain}.txt"));
    format!(
        "# Then, where the backup is: which rule it is, and a conversion by the listings themselves.
plesk2cpanel uidl BACKUP {address} --compare {file}
plesk2cpanel convert BACKUP --output OUTPUT --uidl-truth listings
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_runs_nothing() {
        let text = commands(None, Some("$(reboot)'`x`@example.com"));
        let mut quoted = false;
        for line in text.lines().filter(|line| line.contains("reboot")) {
            for (at, letter) in line.char_indices() {
                quoted ^= letter == '\'' && !line[..at].ends_with('\\');
                assert!(quoted || letter != '`', "{line}");
            }
            assert!(line.contains("'$(reboot)'\\''`x`@") || line.contains("/$(reboot)'\\''`x`"));
            quoted = false;
        }
    }

    #[test]
    fn only_the_server_at_hand() {
        let dovecot = commands(Some(ServerKind::Dovecot), Some("anna@example.com"));
        assert!(dovecot.contains("doveconf") && !dovecot.contains("setpriv"));
        let courier = commands(Some(ServerKind::Courier), Some("anna@example.com"));
        assert!(!courier.contains("doveconf") && courier.contains("setpriv"));
        let both = commands(None, None);
        assert!(both.contains("doveconf") && both.contains("setpriv"));
        assert!(both.contains("-u USER@DOMAIN > listings/USER@DOMAIN.txt"));
    }
}
