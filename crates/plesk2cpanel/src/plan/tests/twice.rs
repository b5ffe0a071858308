//! What stands twice, or would get one name: it costs itself alone, never the account.

use plesk_fixture::AutoresponderSpec;

use super::*;

fn written(plan: &AccountPlan) -> cpmove::Account {
    let account = plan.account().unwrap();
    cpmove::account_members(&account).unwrap();
    account
}

#[test]
fn an_address_in_two_spellings_is_planned_once() {
    let answering = |name: &str, text: &str| {
        let mut spec = mailbox(name, Some(PasswordSpec::plain("secret")));
        spec.autoresponders =
            vec![AutoresponderSpec { text: text.into(), ..AutoresponderSpec::default() }];
        spec.spam = Some(plesk_fixture::SpamSpec::default());
        spec.aliases = vec![format!("{text}-alias")];
        spec
    };
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![answering("anna", "first"), answering("Anna", "second")];
    let plan = plan(subscription);
    let account = written(&plan);
    let mail = &account.domains[0].mail;
    assert_eq!(mail.mailboxes.len(), 1);
    let answers: Vec<_> = mail.autoresponders.iter().map(|answer| answer.body.as_str()).collect();
    assert_eq!(answers, ["first"]);
    let aliases: Vec<_> = mail.aliases.iter().map(|alias| alias.local.as_str()).collect();
    assert_eq!(aliases, ["first-alias"]);
    let of = |setting: &str| {
        let rows = plan.settings.iter().filter(|row| row.setting == setting);
        rows.map(|row| (row.object.as_str(), row.outcome)).collect::<Vec<_>>()
    };
    let anna = "anna@example.com";
    assert_eq!(of("mailbox"), [(anna, SettingOutcome::Skipped), (anna, SettingOutcome::Converted)]);
    assert_eq!(of("autoresponder").len(), 1);
    assert_eq!(of("spamassassin").len(), 1);
    // The answer's interval is said as well, once.
    assert_eq!(codes(&plan, anna), ["address-not-carried", "setting-adapted"]);
}
