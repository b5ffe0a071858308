require ["fileinto", "variables", "include", "imap4flags", "copy", "envelope", "encoded-character", "mailbox"];
set "subject" "";
if header :matches "Subject" "*" {
    set "subject" "${1}";
}
if anyof (header :is "From" "${boss}", hasflag "\\Seen") {
    fileinto :create "INBOX.a";
    fileinto "Lists.${1}";
    fileinto "costs ${ 5 }";
    fileinto "${hex: 24}";
}
include :personal "more";
redirect :copy :copy "a@b.example";
if string :is "${subject}" "x" { stop; }
