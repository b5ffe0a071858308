//! Changes to the account, its domains, addresses and mailboxes.

use super::bases::{Base, Tree, one_of_each, suspended};
use super::{Mutation, check};

const CP: &str = "cp/exampleuser";
const VA: &str = "va/example.com";
const SHADOW: &str = "homedir/etc/example.com/shadow";
const ANSWER: &str = "homedir/.autorespond/petra@example.com";
const SCHEDULE: &str = "homedir/.autorespond/petra@example.com.json";
const YAML: &str = "homedir/etc/example.com/petra/filter.yaml";
const FILTER: &str = "homedir/etc/example.com/petra/filter";
const PREFS: &str = "homedir/.spamassassin/user_prefs";
const KEPT: &str = "homedir/from-plesk/example.com/petra/sieve/roundcube.sieve";
const KEY: &str = "domainkeys/private/example.com";

/// Puts another text behind the name in a line of `shadow`.
fn shadow(tree: &Tree, local: &str, change: fn(&str) -> String) {
    let text = tree.read(SHADOW);
    let line = text.lines().find(|line| line.starts_with(&format!("{local}:"))).unwrap();
    let (name, rest) = line.split_once(':').unwrap();
    tree.edit(SHADOW, line, &format!("{name}:{}", change(rest)));
}

#[rustfmt::skip]
pub const RICH: &[Mutation] = &[
    // The account.
    Mutation { name: "the user of the record", classes: &["account"], says: "USER",
        apply: |tree| tree.edit(CP, "USER=exampleuser", "USER=other") },
    Mutation { name: "the name of the record", classes: &["account"], says: "cp/other",
        apply: |tree| tree.rename(CP, "cp/other") },
    Mutation { name: "the main domain", classes: &["domain"], says: "DNS",
        apply: |tree| tree.edit(CP, "DNS=example.com", "DNS=example.net") },
    Mutation { name: "the account's beginning", classes: &["account"], says: "STARTDATE",
        apply: |tree| tree.edit(CP, "STARTDATE=1577836800", "STARTDATE=1577836801") },
    Mutation { name: "the contact", classes: &["account"], says: "CONTACTEMAIL",
        apply: |tree| tree.edit(CP, "CONTACTEMAIL=john@example.net", "CONTACTEMAIL=") },
    Mutation { name: "the contact in the home", classes: &["account"], says: ".contactemail",
        apply: |tree| tree.edit("homedir/.contactemail", "john", "jane") },
    Mutation { name: "the old server's address", classes: &["account"], says: "IP",
        apply: |tree| tree.edit(CP, "IP=192.0.2.10", "IP=192.0.2.11") },
    Mutation { name: "the owner", classes: &["account"], says: "OWNER",
        apply: |tree| tree.edit(CP, "OWNER=root", "OWNER=reseller") },
    Mutation { name: "a plan", classes: &["account"], says: "PLAN",
        apply: |tree| tree.append(CP, "PLAN=gold\n") },
    Mutation { name: "a key that must not be there", classes: &["account"], says: "CREATED_IN",
        apply: |tree| tree.append(CP, "CREATED_IN_VERSION=11.1\n") },
    Mutation { name: "the encoding of folders", classes: &["account"], says: "UTF8MAILBOX",
        apply: |tree| tree.edit(CP, "UTF8MAILBOX=0", "UTF8MAILBOX=1") },
    Mutation { name: "the account's password", classes: &["login"], says: "account exampleuser",
        apply: |tree| tree.edit("shadow", "$6$", "$6$x") },
    Mutation { name: "the account without a password", classes: &["login"], says: "no password",
        apply: |tree| tree.write("shadow", "") },
    Mutation { name: "the shell", classes: &["account"], says: "/bin/bash",
        apply: |tree| tree.write("shell", "/bin/bash") },
    Mutation { name: "the account's quota", classes: &["quota"], says: "5120",
        apply: |tree| tree.write("quota", "5") },
    Mutation { name: "the account's quota in blocks", classes: &["quota"], says: "DISK_BLOCK",
        apply: |tree| tree.edit(CP, "DISK_BLOCK_LIMIT=5242880", "DISK_BLOCK_LIMIT=5120") },
    Mutation { name: "a suspension", classes: &["account"], says: "SUSPENDED",
        apply: |tree| { tree.append(CP, "SUSPENDED=1\n"); tree.write("suspended/exampleuser", "x") } },
    Mutation { name: "the place of the home", classes: &["account"], says: "homedir_paths",
        apply: |tree| tree.write("homedir_paths", "/home2/exampleuser\n") },
    // Domains.
    Mutation { name: "a domain is gone from the record", classes: &["domain"], says: "web.example",
        apply: |tree| tree.edit(CP, "=web.example\n", "=other.example\n") },
    Mutation { name: "a parked domain is gone", classes: &["domain"], says: "alias.example",
        apply: |tree| tree.without_line("pds", "alias.example") },
    Mutation { name: "an add-on domain is gone", classes: &["domain"], says: "addon.example",
        apply: |tree| tree.without_line("addons", "addon.example") },
    Mutation { name: "a subdomain's label", classes: &["domain"], says: "shop_example.com",
        apply: |tree| tree.edit("sds", "shop_example.com", "store_example.com") },
    Mutation { name: "a web root", classes: &["domain"], says: "shop_example.com=",
        apply: |tree| tree.edit("sds2", "shop_example.com=", "shop_example.com=x/") },
    Mutation { name: "a web root's directory is gone", classes: &["domain"], says: "addon.example",
        apply: |tree| tree.remove("homedir/addon.example") },
    Mutation { name: "a list of the map twice", classes: &["domain"], says: "twice",
        apply: |tree| tree.append("userdata/main", "sub_domains: []\n") },
    Mutation { name: "a list of the map that is a text", classes: &["domain"], says: "stands nowhere",
        apply: |tree| tree.edit("userdata/main", "  - shop", "  shop") },
    Mutation { name: "a second document in the map", classes: &["domain"], says: "can't be read",
        apply: |tree| tree.edit("userdata/main", "main_domain", "---\nmain_domain") },
    Mutation { name: "a key of a host twice", classes: &["domain"], says: "twice",
        apply: |tree| tree.append("userdata/example.com", "port: 81\n") },
    Mutation { name: "a domain's kind in the map", classes: &["domain"], says: "parked_domains",
        apply: |tree| tree.without_line("userdata/main", "  - alias.example") },
    Mutation { name: "a web root in a host", classes: &["domain"], says: "documentroot",
        apply: |tree| tree.edit("userdata/example.com", "/public_html", "/html") },
    Mutation { name: "an alias of a host", classes: &["domain"], says: "www.alias.example",
        apply: |tree| tree.edit("userdata/example.com", " www.alias.example", "") },
    Mutation { name: "more in a row of the cache", classes: &["domain"], says: "the row of",
        apply: |tree| tree.edit("userdata/cache.json", "\"\"]", "\"ea-php56\"]") },
    Mutation { name: "a domain twice in the record", classes: &["domain"], says: "stands there twice",
        apply: |tree| {
            let last = tree.read(CP).lines().filter(|line| line.starts_with("DNS")).count();
            tree.append(CP, &format!("DNS{last}=shop.example.com\n"));
        } },
    Mutation { name: "a host that nobody had", classes: &["domain"], says: "userdata/x.example",
        apply: |tree| tree.copy("userdata/example.com", "userdata/x.example") },
    Mutation { name: "a row of the cache", classes: &["domain"], says: "alias.example",
        apply: |tree| tree.edit("userdata/cache.json", "\"parked\"", "\"addon\"") },
    Mutation { name: "routing", classes: &["routing"], says: "MXCHECK-remote.example",
        apply: |tree| tree.edit(CP, "MXCHECK-remote.example=remote", "MXCHECK-remote.example=local") },
    Mutation { name: "a domain's forward", classes: &["domain-forward"], says: "vad/alias.example",
        apply: |tree| tree.write("vad/alias.example", "") },
    Mutation { name: "a domain's forward elsewhere", classes: &["domain-forward"],
        says: "other.example",
        apply: |tree| tree.edit("vad/second.example", ": addon.example", ": other.example") },
    // Addresses.
    Mutation { name: "an alias is gone", classes: &["alias"], says: "desk@example.com is missing",
        apply: |tree| tree.without_line(VA, "desk@") },
    Mutation { name: "an alias leads elsewhere", classes: &["alias"], says: "`petra@example.com`",
        apply: |tree| tree.edit(VA, "desk@example.com: petra@", "desk@example.com: anna@") },
    Mutation { name: "an alias that nobody had", classes: &["alias"], says: "zoe@example.com",
        apply: |tree| tree.append(VA, "zoe@example.com: anna@example.com\n") },
    Mutation { name: "an alias in capitals", classes: &["alias"], says: "Desk@example.com",
        apply: |tree| tree.edit(VA, "desk@", "Desk@") },
    Mutation { name: "a forward is gone", classes: &["alias"], says: "does not go to `anna@",
        apply: |tree| tree.edit(VA, "Bert.Copy@elsewhere.example,anna@example.com", "Bert.Copy@elsewhere.example") },
    Mutation { name: "a forward more", classes: &["alias"], says: "goes to `spy@example.net`",
        apply: |tree| tree.edit(VA, "one@elsewhere.example", "one@elsewhere.example,spy@example.net") },
    Mutation { name: "a forward into a program", classes: &["autoresponder"], says: "|/bin/sh",
        apply: |tree| tree.edit(VA, "one@elsewhere.example", "one@elsewhere.example,\"|/bin/sh\"") },
    Mutation { name: "one of many members", classes: &["alias"], says: "member37@",
        apply: |tree| tree.edit(VA, "member37@elsewhere.example,", "") },
    Mutation { name: "the catch-all's text", classes: &["catch-all"], says: "Nobody here, ask info",
        apply: |tree| tree.edit(VA, "Nobody here", "Somebody here") },
    Mutation { name: "the catch-all is gone", classes: &["catch-all"], says: "* is missing",
        apply: |tree| tree.without_line(VA, "*:") },
    Mutation { name: "the catch-all throws away", classes: &["catch-all"], says: ":blackhole:",
        apply: |tree| tree.edit(VA, ":fail: Nobody here, ask info", ":blackhole:") },
    Mutation { name: "the catch-all's address", classes: &["catch-all"], says: "contact@example.com",
        apply: |tree| tree.edit("va/addon.example", "*: contact@", "*: anna@") },
    Mutation { name: "the catch-all is the account", classes: &["catch-all"], says: "exampleuser",
        apply: |tree| tree.edit("va/addon.example", "*: contact@example.com", "*: exampleuser") },
    // Mailboxes.
    Mutation { name: "a mailbox without a login", classes: &["mailbox"], says: "no line in shadow",
        apply: |tree| tree.without_line(SHADOW, "anna:") },
    Mutation { name: "a mailbox of root's", classes: &["mailbox"], says: "65534",
        apply: |tree| tree.edit("homedir/etc/example.com/passwd", ":65534:65534:", ":0:0:") },
    Mutation { name: "a mailbox without a line in passwd", classes: &["mailbox"], says: "in passwd",
        apply: |tree| tree.without_line("homedir/etc/example.com/passwd", "anna:") },
    Mutation { name: "a mailbox's directory", classes: &["mailbox"], says: "example.com/bert",
        apply: |tree| tree.edit("homedir/etc/example.com/passwd", "example.com/anna:", "example.com/bert:") },
    Mutation { name: "logins of a domain that nobody had", classes: &["mailbox"],
        says: "evil.example/shadow: no domain",
        apply: |tree| tree.copy("homedir/etc/example.com/shadow", "homedir/etc/evil.example/shadow") },
    Mutation { name: "logins of the subdomain behind a domain", classes: &["mailbox"],
        says: "addon.example.example.com/shadow",
        apply: |tree| tree.write("homedir/etc/addon.example.example.com/shadow", "zoe:!!:1::::::\n") },
    Mutation { name: "logins of no domain", classes: &["mailbox"], says: "etc/passwd",
        apply: |tree| tree.write("homedir/etc/passwd", "zoe:x:1:1::/:/\n") },
    Mutation { name: "logins below a mailbox", classes: &["mailbox"], says: "anna/shadow",
        apply: |tree| tree.write("homedir/etc/example.com/anna/shadow", "zoe:!!:1::::::\n") },
    Mutation { name: "a login that nobody had", classes: &["mailbox"], says: "`zoe`",
        apply: |tree| tree.append(SHADOW, "zoe:!!:19737::::::\n") },
    Mutation { name: "a password", classes: &["login"], says: "anna@example.com",
        apply: |tree| shadow(tree, "anna", |rest| rest.replace(":19737", "x:19737")) },
    Mutation { name: "another's password", classes: &["login"], says: "does not open it",
        apply: |tree| {
            let text = tree.read(SHADOW);
            let klara = text.lines().find_map(|line| line.strip_prefix("klara:")).unwrap();
            let anna = text.lines().find(|line| line.starts_with("anna:")).unwrap();
            tree.edit(SHADOW, anna, &format!("anna:{klara}"));
        } },
    Mutation { name: "a login without a password", classes: &["login"], says: "anybody",
        apply: |tree| shadow(tree, "anna", |_| ":19737::::::".to_owned()) },
    Mutation { name: "a login is switched off", classes: &["login"], says: "was not on the old",
        apply: |tree| shadow(tree, "anna", |rest| format!("!{rest}")) },
    Mutation { name: "a login is switched on", classes: &["login"], says: "off@example.com",
        apply: |tree| shadow(tree, "off", |rest| rest.trim_start_matches('!').to_owned()) },
    Mutation { name: "a login is locked", classes: &["login"], says: "anna@example.com",
        apply: |tree| shadow(tree, "anna", |_| "!!:19737::::::".to_owned()) },
    Mutation { name: "the day of a password", classes: &["login"], says: "19738",
        apply: |tree| shadow(tree, "anna", |rest| rest.replace(":19737", ":19738")) },
    Mutation { name: "a quota", classes: &["quota"], says: "petra@example.com",
        apply: |tree| tree.edit("homedir/etc/example.com/quota", "petra:1073741824", "petra:1024") },
    Mutation { name: "a quota is gone", classes: &["quota"], says: "none instead of `1073741824`",
        apply: |tree| tree.without_line("homedir/etc/example.com/quota", "petra:") },
    Mutation { name: "a quota that nobody had", classes: &["quota"], says: "klaus@example.com",
        apply: |tree| tree.append("homedir/etc/example.com/quota", "klaus:5\n") },
    Mutation { name: "a mailbox takes mail", classes: &["incoming"], says: "off@example.com",
        apply: |tree| tree.without_line("homedir/etc/example.com/off/filter", "# SUSPEND") },
    Mutation { name: "another refusal", classes: &["incoming"], says: "another text",
        apply: |tree| tree.edit("homedir/etc/example.com/off/filter", "does not take mail", "is gone") },
    Mutation { name: "a refusal that runs something", classes: &["incoming"], says: "another text",
        apply: |tree| tree.edit("homedir/etc/example.com/off/filter", "This address", "${run{/bin/true}}") },
    Mutation { name: "a mailbox does not refuse mail", classes: &["incoming"], says: "refuse",
        apply: |tree| tree.without_line("homedir/etc/example.com/off/filter", "fail ") },
    Mutation { name: "the mark of a mailbox without mail", classes: &["incoming"], says: "missing",
        apply: |tree| tree.remove("homedir/etc/.off@example.com.suspended_incoming") },
    Mutation { name: "a mark of a mailbox with mail", classes: &["incoming"], says: ".anna@",
        apply: |tree| tree.write("homedir/etc/.anna@example.com.suspended_incoming", "") },
    // Autoresponders.
    Mutation { name: "an answer is gone", classes: &["autoresponder"], says: "missing",
        apply: |tree| tree.remove(ANSWER) },
    Mutation { name: "an answer is not switched on", classes: &["autoresponder"], says: "petra@",
        apply: |tree| tree.edit(VA, "autorespond petra@example.com", "autorespond anna@example.com") },
    Mutation { name: "an answer that nobody had", classes: &["autoresponder"], says: "zoe@",
        apply: |tree| tree.copy(ANSWER, "homedir/.autorespond/zoe@example.com") },
    Mutation { name: "an answer's address", classes: &["autoresponder"], says: "anna@",
        apply: |tree| tree.edit(ANSWER, "From: petra@", "From: anna@") },
    Mutation { name: "an answer's sender", classes: &["autoresponder"], says: "Petra",
        apply: |tree| tree.edit(ANSWER, "From: petra@example.com", "From: \"Petra\" <petra@example.com>") },
    Mutation { name: "an answer's subject", classes: &["autoresponder"], says: "subject",
        apply: |tree| tree.edit(ANSWER, "Re: %subject%", "Away") },
    Mutation { name: "an answer's kind", classes: &["autoresponder"], says: "text/html",
        apply: |tree| tree.edit(ANSWER, "text/plain", "text/html") },
    Mutation { name: "an answer's charset", classes: &["autoresponder"], says: "utf-7",
        apply: |tree| tree.edit(ANSWER, "utf-8", "utf-7") },
    Mutation { name: "an answer's text", classes: &["autoresponder"], says: "another one",
        apply: |tree| tree.edit(ANSWER, "Monday", "Tuesday") },
    Mutation { name: "an answer's interval", classes: &["autoresponder"], says: "interval",
        apply: |tree| tree.edit(SCHEDULE, "\"48\"", "\"2\"") },
    Mutation { name: "an answer's start", classes: &["autoresponder"], says: "start",
        apply: |tree| tree.edit(SCHEDULE, "\"start\":null", "\"start\":1700000000") },
    Mutation { name: "an answer's end", classes: &["autoresponder"], says: "stop",
        apply: |tree| tree.edit(SCHEDULE, "1893456000", "null") },
    // Filters, as they are shown and as they run.
    Mutation { name: "a filter's name", classes: &["filter"], says: "Bills",
        apply: |tree| tree.edit(YAML, "'Bills'", "'Bill'") },
    Mutation { name: "a filter is switched off", classes: &["filter"], says: "enabled",
        apply: |tree| tree.edit(YAML, "enabled: 1", "enabled: 0") },
    Mutation { name: "a filter's rule", classes: &["filter"], says: "rules of `Bills`",
        apply: |tree| tree.edit(YAML, "'contains'", "'is'") },
    Mutation { name: "a part of a filter's rule", classes: &["filter"], says: "rules of `Bills`",
        apply: |tree| tree.edit(YAML, "'$header_subject:'", "'$header_from:'") },
    Mutation { name: "a key of a filter twice", classes: &["filter"], says: "twice",
        apply: |tree| tree.edit(YAML, "    enabled: 1\n", "    enabled: 1\n    enabled: 0\n") },
    Mutation { name: "a key of a rule that nobody knows", classes: &["filter"], says: "keys beside",
        apply: |tree| tree.edit(YAML, "val: 'Invoice'\n", "val: 'Invoice'\n        foo: 'x'\n") },
    Mutation { name: "a value of a filter's rule", classes: &["filter"], says: "rules of `Bills`",
        apply: |tree| tree.edit(YAML, "'Invoice'", "'Invoices'") },
    Mutation { name: "how rules are joined", classes: &["filter"], says: "rules of `Boss`",
        apply: |tree| tree.edit(YAML, "opt: 'and'", "opt: 'or'") },
    Mutation { name: "a filter's action", classes: &["filter"], says: "actions of `Bills`",
        apply: |tree| tree.edit(YAML, "/.Bills'", "/.Bill'") },
    Mutation { name: "a filter's last action", classes: &["filter"], says: "actions of `Boss`",
        apply: |tree| tree.edit(YAML, "dest: 'petra@example.com'", "dest: 'anna@example.com'") },
    Mutation { name: "filters that nobody had", classes: &["filter"], says: "had no filters",
        apply: |tree| tree.copy("homedir/etc/example.com/petra", "homedir/etc/example.com/anna") },
    Mutation { name: "the condition that runs", classes: &["filter"], says: "asks for something",
        apply: |tree| tree.edit(FILTER, "\"Invoice\"", "\"Invoices\"") },
    Mutation { name: "a join that runs", classes: &["filter"], says: "asks for something",
        apply: |tree| tree.edit(FILTER, " and $header", " or $header") },
    Mutation { name: "the command that runs", classes: &["filter"], says: "does something else",
        apply: |tree| tree.edit(FILTER, "+Bills", "+Bill") },
    Mutation { name: "a variable that is none", classes: &["filter"], says: "does something else",
        apply: |tree| tree.edit(FILTER, "\\\"$local_part", "\\\"\\\\$local_part") },
    Mutation { name: "a line's end in what runs", classes: &["filter"], says: "asks for something",
        apply: |tree| tree.edit(FILTER, "\"Invoice\"", "\"I\\\\nvoice\"") },
    Mutation { name: "the name that runs", classes: &["filter"], says: "the name of a filter",
        apply: |tree| tree.edit(FILTER, "#Boss", "#Bos") },
    Mutation { name: "a filter runs no more", classes: &["filter"], says: "number of filters",
        apply: |tree| {
            let text = tree.read(FILTER);
            tree.write(FILTER, text.split_once("#Boss").unwrap().0);
        } },
    Mutation { name: "something runs before the filters", classes: &["filter"], says: "nothing else",
        apply: |tree| tree.edit(FILTER, "#Boss", "finish\n#Boss") },
    Mutation { name: "error reports are filtered", classes: &["filter"], says: "error reports",
        apply: |tree| tree.edit(FILTER, "if not first_delivery", "if first_delivery") },
    Mutation { name: "a filter for all of a domain", classes: &["filter"], says: "vf/example.com",
        apply: |tree| tree.write("vf/example.com", "# Exim filter\nfail\n") },
    // Spam.
    Mutation { name: "the score of spam", classes: &["spam"], says: "required_score",
        apply: |tree| tree.edit(PREFS, "required_score 9.5", "required_score 5") },
    Mutation { name: "the white list", classes: &["spam"], says: "friend",
        apply: |tree| tree.without_line(PREFS, "whitelist_from") },
    Mutation { name: "the black list", classes: &["spam"], says: "bar.example",
        apply: |tree| tree.append(PREFS, "blacklist_from *@bar.example\n") },
    Mutation { name: "another setting of spam", classes: &["spam"], says: "use_bayes",
        apply: |tree| tree.append(PREFS, "use_bayes 0\n") },
    Mutation { name: "the spam filter is off", classes: &["spam"], says: ".spamassassinenable",
        apply: |tree| tree.remove("homedir/.spamassassinenable") },
    Mutation { name: "spam has no folder", classes: &["spam"], says: ".spamassassinboxenable",
        apply: |tree| tree.remove("homedir/.spamassassinboxenable") },
    // DKIM and files.
    Mutation { name: "the DKIM key", classes: &["dkim"], says: "another one",
        apply: |tree| tree.edit(KEY, "MIICXAIB", "MIICXAIC") },
    Mutation { name: "the DKIM key is gone", classes: &["dkim"], says: "missing",
        apply: |tree| tree.remove(KEY) },
    Mutation { name: "nobody signs", classes: &["dkim"], says: "HASDKIM",
        apply: |tree| tree.edit(CP, "HASDKIM=1", "HASDKIM=0") },
    Mutation { name: "a DKIM key that nobody had", classes: &["dkim"], says: "addon.example",
        apply: |tree| tree.copy(KEY, "domainkeys/private/addon.example") },
    Mutation { name: "a kept file", classes: &["kept-file"], says: "roundcube.sieve",
        apply: |tree| tree.edit(KEPT, "Invoice", "invoice") },
    Mutation { name: "a kept file's date", classes: &["kept-file"], says: "date",
        apply: |tree| tree.set_time(KEPT, 1) },
    Mutation { name: "a kept file is gone", classes: &["kept-file"], says: "missing",
        apply: |tree| tree.remove(KEPT) },
    Mutation { name: "a file made from a setting", classes: &["kept-file"], says: "addressbook.vcf",
        apply: |tree| tree.edit("homedir/from-plesk/example.com/petra/addressbook.vcf", "Smith", "Smyth") },
    Mutation { name: "what the spam filter learned", classes: &["kept-file"], says: "bayes_toks",
        apply: |tree| tree.append("homedir/.spamassassin/bayes_toks", "x") },
];

#[rustfmt::skip]
pub const SUSPENDED: &[Mutation] = &[
    Mutation { name: "no suspension", classes: &["account"], says: "SUSPENDED",
        apply: |tree| tree.without_line(CP, "SUSPENDED") },
    Mutation { name: "the time of a suspension", classes: &["account"], says: "SUSPENDTIME",
        apply: |tree| tree.edit(CP, "SUSPENDTIME=1705314600", "SUSPENDTIME=1") },
    Mutation { name: "the reason of a suspension", classes: &["account"], says: "suspended in Plesk",
        apply: |tree| tree.write("suspended/exampleuser", "unpaid") },
    Mutation { name: "the shell after a suspension", classes: &["account"], says: "suspendinfo",
        apply: |tree| tree.write("suspendinfo/exampleuser", "shell=/bin/bash\n") },
    Mutation { name: "the account is not locked", classes: &["login"], says: "should be locked",
        apply: |tree| tree.write("shadow", "$6$saltsalt$e/5XKibXPLqVcfjpD.ouauaJrAOL5V0uo80Lt7n7EbRdRiCx3HbQ90yjOHr.G0T.mx79PEMRy8nmtr0qSYhQp1") },
    Mutation { name: "a kept hash", classes: &["login"], says: "another one than the backup's",
        apply: |tree| tree.edit(SHADOW, "$1$12345678$", "$1$12345679$") },
    Mutation { name: "a kept hash is switched on", classes: &["login"], says: "switched off",
        apply: |tree| tree.edit(SHADOW, "!$1$", "$1$") },
    Mutation { name: "a sealed password is guessed", classes: &["login"], says: "sealed@",
        apply: |tree| tree.edit(SHADOW, "sealed:!!", "sealed:$1$12345678$eeeeeeeeeeeeeeeeeeeeee") },
    Mutation { name: "a sealed password is empty", classes: &["login"], says: "anybody",
        apply: |tree| tree.edit(SHADOW, "sealed:!!", "sealed:") },
    Mutation { name: "settings of spam that nobody had", classes: &["spam"], says: "user_prefs",
        apply: |tree| tree.write(PREFS, "required_score 5\n") },
    Mutation { name: "a contact that nobody named", classes: &["account"], says: "no contact",
        apply: |tree| tree.write("homedir/.contactemail", "email: a@b.example\n") },
];

#[test]
fn every_change_of_a_setting_is_named() {
    let base = Base::new(&one_of_each());
    check(&base, RICH);
}

#[test]
fn every_change_of_a_suspended_account_is_named() {
    let base = suspended();
    let found = base.verify("out/cpmove-exampleuser");
    assert_eq!(found.status, Some(0), "{}", found.shown());
    check(&base, SUSPENDED);
}

/// Programs cut them off or take them for a part of a value.
#[test]
fn carriage_returns_are_named() {
    let base = Base::new(&one_of_each());
    let tree = base.copy();
    for path in [
        CP,
        VA,
        "pds",
        "quota",
        "shell",
        "userdata/main",
        "userdata/example.com",
        "homedir/etc/example.com/passwd",
        "homedir/etc/example.com/shadow",
        "homedir/etc/example.com/quota",
        YAML,
        PREFS,
        KEY,
        "homedir/mail/example.com/klara/subscriptions",
        "homedir/mail/example.com/klara/dovecot-keywords",
    ] {
        let text = tree.read(path);
        tree.write(path, &(text.trim_end().replace('\n', "\r\n") + "\r\n"));
        let found = tree.verify();
        assert_eq!(found.status, Some(1), "{path}");
        let said = found
            .classes()
            .iter()
            .any(|class| found.of(class).iter().any(|line| line.contains("carriage returns")));
        assert!(said, "{path}: {}", found.shown());
        tree.write(path, &text);
    }
}
