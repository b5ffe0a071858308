require ["fileinto", "copy"];
fileinto :copy "before";
if header :contains "Subject" "e" {
    fileinto :copy "e";
    if header :contains "Subject" "a" {
        fileinto :copy "e and a";
    } elsif size :over 2K {
        fileinto :copy "e, no a, large";
    } else {
        fileinto :copy "e, no a, small";
        if exists "Return-Path" { fileinto :copy "with a path"; stop; }
        fileinto :copy "without a path";
    }
    fileinto :copy "behind";
} elsif allof (exists ["From", "To"], not size :under 600) {
    fileinto :copy "elsif";
    discard;
} elsif false # header :is "Subject" ""
{
    fileinto :copy "never";
} else {
    fileinto :copy "else";
    keep;
}
fileinto :copy "after";
